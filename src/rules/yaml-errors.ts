import { type Document, visit, type YAMLError } from 'yaml';

/** What is no YAML, where, and what to do about it. */
export interface YamlProblem {
  readonly offset: number;
  readonly message: string;
}

/** [code of the library, text of it, in our words]: the first that fits. */
const WORDS: readonly (readonly [code: string, form: RegExp, words: string])[] = [
  ['TAB_AS_INDENT', /^/, 'a tab indents this line, expected spaces'],
  ['BAD_INDENT', /^All mapping/, 'this key is not indented like the keys above it, expected the same column'],
  ['BAD_INDENT', /^Flow map/, 'a { is not closed before here, expected }'],
  ['BAD_INDENT', /^Flow sequence/, 'a [ is not closed before here, expected ]'],
  [
    'MISSING_CHAR',
    /without - indicator/,
    'this line is indented like no line above it, expected the column of its keys',
  ],
  ['MISSING_CHAR', /^Missing closing "/, 'a " is not closed before here, expected another "'],
  ['MISSING_CHAR', /^Missing closing '/, "a ' is not closed before here, expected another '"],
  ['MULTILINE_IMPLICIT_KEY', /^/, 'this line is no "key: value", expected a colon and a blank after its key'],
  [
    'BLOCK_AS_IMPLICIT_KEY',
    /^Nested mappings/,
    'a "key: value" stands within a value, expected the next line at the column of its key, or quotes around the value',
  ],
  ['BAD_ALIAS', /^/, 'a glob that begins with * needs quotes, expected one like "*.send"'],
  ['BAD_SCALAR_START', /^/, 'a value begins with a sign that YAML keeps for itself, expected quotes around it'],
  ['TAG_RESOLVE_FAILED', /^/, 'a value that begins with ! means a type to YAML, expected quotes around it'],
  [
    'BAD_DQ_ESCAPE',
    /^/,
    'a backslash in "…" begins an escape, expected another one before it, or \'…\' around the text',
  ],
  [
    'UNEXPECTED_TOKEN',
    /^Block scalar header|^Not a YAML token/,
    'a value begins with > or |, expected quotes around it',
  ],
  ['UNEXPECTED_TOKEN', /at node end$/, 'more follows after the end of a value, expected quotes around all of it'],
];

interface YamlOptions {
  readonly lineOf: (offset: number) => number;
  /** Aliases beyond are not looked at: they are refused anyway. */
  readonly aliasesMax: number;
}

/** What keeps a text from being read as YAML; empty when nothing does. */
export function yamlProblems(document: Document, { lineOf, aliasesMax }: YamlOptions): readonly YamlProblem[] {
  const problems = syntaxProblems([...document.errors, ...document.warnings], lineOf);
  return problems.length > 0 ? problems : loneAliases(document, aliasesMax);
}

/** One problem a line, because the others of a line follow from the first; where tabs indent, all others follow from them. */
function syntaxProblems(errors: readonly YAMLError[], lineOf: YamlOptions['lineOf']): readonly YamlProblem[] {
  const tabs = errors.filter(({ code }) => code === 'TAB_AS_INDENT');
  const lines = new Set<number>();
  const problems: YamlProblem[] = [];
  for (const { code, message, pos } of tabs.length > 0 ? tabs : errors) {
    const line = lineOf(pos[0]);
    if (!lines.has(line)) problems.push({ offset: pos[0], message: wordsOf(code, message) });
    lines.add(line);
  }
  return problems;
}

/** `tool: *.send` names the anchor `.send`; what was meant is a glob. */
function loneAliases(document: Document, max: number): readonly YamlProblem[] {
  const problems: YamlProblem[] = [];
  let met = 0;
  visit(document, {
    Alias: (_key, alias) => {
      if (++met > max) return visit.BREAK;
      const message = `*${alias.source} without quotes means an anchor, and there is none, expected "*${alias.source}"`;
      if (alias.resolve(document) === undefined) problems.push({ offset: alias.range?.[0] ?? 0, message });
      return undefined;
    },
  });
  return problems;
}

function wordsOf(code: string, message: string): string {
  if (code === 'MULTIPLE_DOCS') return 'a second YAML document begins here, expected one document per file';
  const known = WORDS.find(([ofCode, form]) => ofCode === code && form.test(message));
  return `not readable as YAML: ${known === undefined ? message : known[2]}`;
}
