import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { rulesJsonSchema } from '../../src/rules/schema.ts';
import { problemsOf, ruleText, SOUND, type SoundType, soundRule } from './rule-text.ts';

const validate = new Ajv({ strict: false, allowUnionTypes: true }).compile(rulesJsonSchema());

const SOUND_LINES = [
  'match: {tool: [a, "b*"], kind: write, cost_usd: {gt: 3, lt: 9}, args.x.y: {eq: -1}, args.z: 0042, labels.a.b: c, not: {agent: x, status: "*"}}',
  'match: {}',
  'group_by: [session, tool, labels.team]',
  'for: 500ms',
  'severity: info',
  'simulate: true',
  'actions: [terminate_session, flip_tenant, {flip_tenant: {mode: stop_all, ttl: 7d}}, {disable_tool: {scope: tenant}}]',
  'actions: [{terminate_session: }]',
  'overrides: [{match: {tenant: a, not: {session: [b]}}, condition: {gt: 3}}]',
  'exceptions: [{session: "a*", until: 2027-01-01T00:00:00+02:00, comment: x}]',
  'labels: {a: 1, b: true, c: x}',
  'annotations: {a: "{{ value }}"}',
];

const WRONG_LINES = [
  'match: {tol: x}',
  'match: {status: eror}',
  'match: {kind: [read, wrte]}',
  'match: {tool: {gt: 3}}',
  'match: {cost_usd: 3}',
  'match: {cost_usd: {}}',
  'match: {args.: x}',
  'match: {not: {not: {}}}',
  'match: {tool: []}',
  'group_by: []',
  'group_by: [sesion]',
  'for: 5',
  'for: 1h30m',
  'severity: fatal',
  'simulate: yes',
  'actions: [kill]',
  'actions: [flip_global]',
  'actions: [{notify: {receiver: x}}]',
  'actions: [{disable_tool: {scope: global}}]',
  'actions: [{flip_tenant: {tll: 5m}}]',
  'overrides: [{condition: {gt: 3}}]',
  'overrides: [{match: {kind: write}, condition: {gt: 3}}]',
  'exceptions: [{until: soon, tenant: a}]',
  'labels: {"a b": c}',
  'labels: [a]',
  'nonsense: 1',
];

function valid(text: string): boolean {
  return validate(parse(text));
}

describe('what the schema refuses the parser refuses, and where the schema can tell, they agree', () => {
  it.each(Object.keys(SOUND) as SoundType[])('a sound %s', (type) => {
    expect([valid(soundRule(type)), problemsOf(soundRule(type))]).toEqual([true, []]);
  });

  it.each(SOUND_LINES)('sound for the schema: %s', (line) => {
    const text = soundRule('event_count', line);
    expect(valid(text), JSON.stringify(validate.errors)).toBe(true);
    // What is left is between keys (an action twice, …): never a shape.
    expect(problemsOf(text).filter((problem) => !/twice|no single tool/.test(problem))).toEqual([]);
  });

  it.each(WRONG_LINES)('wrong for both: %s', (line) => {
    const text = soundRule('event_count', line);
    expect(valid(text)).toBe(false);
    expect(problemsOf(text)).not.toEqual([]);
  });

  it.each([
    ['a key of another type', ruleText([...SOUND.session_total, 'window: 1m'])],
    ['a needed key that is not there', ruleText(SOUND.event_count.slice(0, 2))],
    ['a type of later', ruleText(['alert: A', 'type: ratio', 'condition: {gt: 1}'])],
    ['a number for a duration', ruleText(['alert: A', 'type: session_age', 'condition: {gt: 1800}'])],
    ['two comparisons', ruleText([...SOUND.loop.slice(0, 2), 'condition: {gt: 1, lt: 3}'])],
    ['no comparison', ruleText([...SOUND.loop.slice(0, 2), 'condition: {}'])],
    ['too many distinct', soundRule('loop', 'distinct_of_last: 65')],
    ['no groups', '{}'],
    ['a group without a name', 'groups: [{rules: []}]'],
    ['a limit of nothing', 'groups: [{name: g, rules: [], limit: {max: 0, per: 1m}}]'],
    ['a strange name', soundRule('loop').replace('alert: A', 'alert: "a\\nb"')],
  ])('wrong for both: %s', (_law, text) => {
    expect(valid(text)).toBe(false);
    expect(problemsOf(text)).not.toEqual([]);
  });
});
