import type { Rule, RuleSet } from '../../src/domain/rule.ts';
import { parseRules } from '../../src/rules/parse.ts';
import { problemText } from '../../src/rules/problem.ts';

/** A file with one rule: a sound event_count, but for the given lines, which stand from line 4 on, two of them per rule key. */
export function ruleText(lines: readonly string[]): string {
  return [
    'groups:',
    '  - name: g',
    '    rules:',
    `      - ${lines[0]}`,
    ...lines.slice(1).map((line) => `        ${line}`),
  ].join('\n');
}

/** Keys of a sound rule of a type, to which others are added. */
export const SOUND = {
  event_count: ['alert: A', 'type: event_count', 'window: 1m', 'condition: {gt: 30}'],
  value_sum: ['alert: A', 'type: value_sum', 'field: cost_usd', 'window: 1m', 'condition: {gt: 30}'],
  duplicate_count: ['alert: A', 'type: duplicate_count', 'window: 1m', 'condition: {gte: 3}'],
  loop: ['alert: A', 'type: loop', 'condition: {gte: 8}'],
  session_total: ['alert: A', 'type: session_total', 'field: actions', 'condition: {gt: 30}'],
  session_age: ['alert: A', 'type: session_age', 'condition: {gt: 1h}'],
  session_idle: ['alert: A', 'type: session_idle', 'condition: {gt: 5m}'],
} as const;

export type SoundType = keyof typeof SOUND;

export function soundRule(type: SoundType, ...more: readonly string[]): string {
  return ruleText([...SOUND[type], ...more]);
}

/** What is wrong with a text, as a user reads it; empty when nothing is. */
export function problemsOf(text: string | Uint8Array): readonly string[] {
  const result = parseRules([{ name: 'r.yaml', content: text }]);
  return result.status === 'invalid' ? result.problems.map(problemText) : [];
}

export function setOf(...texts: readonly string[]): RuleSet {
  const result = parseRules(texts.map((content, index) => ({ name: `${index}.yaml`, content })));
  if (result.status === 'invalid') throw new Error(result.problems.map(problemText).join('\n'));
  return result.set;
}

export function ruleOf(text: string): Rule {
  return setOf(text).rules[0]!;
}
