import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatDuration } from '../../src/domain/duration.ts';
import {
  DEFAULT_ACTIVE_WITHIN_MS,
  DEFAULT_COOLDOWN_MS,
  DEFAULT_FINGERPRINT,
  DEFAULT_GROUP_BY,
} from '../../src/rules/defaults.ts';
import { DEFAULT_TTL_MS } from '../../src/rules/grammar/actions.ts';
import { MATCH_FIELDS } from '../../src/rules/grammar/match.ts';
import { RULE_SHAPES, RULE_TYPES } from '../../src/rules/grammar/rule.ts';
import { problemsOf, ruleText, SOUND } from './rule-text.ts';

const TEXT = readFileSync(new URL('../../docs/rules.md', import.meta.url), 'utf8');
const EXAMPLES = [...TEXT.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, example]) => example!);
const MISTAKES = [...TEXT.slice(TEXT.indexOf('## You got it wrong')).matchAll(/^\| `(.*?)` \| `(.*)` \|$/gm)];

describe('docs/rules.md', () => {
  it.each(EXAMPLES.map((example) => [/alert: (\w+)/.exec(example)?.[1] ?? 'no rule', example]))(
    'the example %s is sound',
    (_name, example) => {
      expect(problemsOf(example)).toEqual([]);
    },
  );

  it('shows every mistake with the words that the parser has for it', () => {
    expect(MISTAKES.length).toBeGreaterThan(9);
    for (const [, line, message] of MISTAKES) {
      const key = line!.split(':')[0];
      const rule = [...SOUND.event_count.filter((sound) => !sound.startsWith(`${key}:`)), line!];
      const problems = problemsOf(ruleText(rule)).map((problem) => problem.replace(/^r\.yaml:\d+:\d+: /, ''));
      expect(problems).toEqual([message]);
    }
  });

  it('names every key of every rule type, and every field of match', () => {
    const keys = RULE_TYPES.flatMap((type) => Object.keys(RULE_SHAPES[type].schema.properties as object));
    for (const key of new Set([...keys, ...Object.keys(MATCH_FIELDS)])) expect(TEXT).toContain(`\`${key}`);
  });

  it('states the defaults that the parser fills in', () => {
    const row = (key: string) => TEXT.split('\n').find((line) => line.startsWith(`| \`${key}`)) ?? '';
    expect(row('cooldown')).toContain(`\`${formatDuration(DEFAULT_COOLDOWN_MS)}\``);
    expect(row('active_within')).toContain(`\`${formatDuration(DEFAULT_ACTIVE_WITHIN_MS)}\``);
    expect(row('flip_tenant')).toContain(`\`ttl\`: \`${formatDuration(DEFAULT_TTL_MS)}\``);
    expect(row('disable_tool')).toContain(`\`ttl\`: \`${formatDuration(DEFAULT_TTL_MS)}\``);
    expect(row('group_by')).toContain(`\`[${DEFAULT_GROUP_BY.join(', ')}]\``);
    expect(row('fingerprint')).toContain(`\`[${DEFAULT_FINGERPRINT.join(', ')}]\``);
  });
});
