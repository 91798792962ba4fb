import { compileGlobs, type TextMatcher } from './glob.ts';
import type { FieldTest, KeyTexts, Match } from './rule.ts';

/**
 * Compiles a match over a key's ids (`tenant`, `session`, `agent`, `tool`, `labels.<name>`), as overrides and exceptions
 * have them. What the key does not have is not matched, neither required nor forbidden.
 */
export function compileKeyMatch(match: Match): (key: KeyTexts) => boolean {
  const require = match.require.map(compileKeyTest);
  const forbid = match.forbid.map(compileKeyTest);
  return (key) => require.every((test) => test(key)) && !forbid.some((test) => test(key));
}

function compileKeyTest(test: FieldTest): (key: KeyTexts) => boolean {
  const matches: TextMatcher = 'globs' in test ? compileGlobs(test.globs) : () => false;
  return (key) => {
    const text = keyText(key, test.field);
    return text !== undefined && matches(text);
  };
}

function keyText(key: KeyTexts, field: string): string | undefined {
  switch (field) {
    case 'tenant':
    case 'session':
    case 'agent':
    case 'tool':
      return key[field];
    default:
      return labelText(key, field);
  }
}

/** Own labels only: a label may be called `constructor`. */
function labelText(key: KeyTexts, field: string): string | undefined {
  const name = field.startsWith('labels.') ? field.slice('labels.'.length) : null;
  if (name === null || key.labels === undefined || !Object.hasOwn(key.labels, name)) return undefined;
  return key.labels[name];
}
