import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MAX_FILE_BYTES, parseRules } from '../../src/rules/parse.ts';
import { problemText } from '../../src/rules/problem.ts';
import { soundRule } from './rule-text.ts';

/** Never throws, and answers with a set or with problems that have a place. */
function parsesOrTells(content: string | Uint8Array): void {
  const result = parseRules([{ name: 'r.yaml', content }]);
  if (result.status === 'valid') return;
  expect(result.problems.length).toBeGreaterThan(0);
  for (const { line, column, message } of result.problems) {
    expect(line).toBeGreaterThanOrEqual(1);
    expect(column).toBeGreaterThanOrEqual(1);
    expect(message).toMatch(/expected|did you mean|not readable/);
  }
}

it('any bytes are read or told, never thrown', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), parsesOrTells));
});

it('any text of YAML’s own signs is read or told', () => {
  const sign = fc.constantFrom(
    'groups',
    'rules',
    ': ',
    '- ',
    '\n',
    '  ',
    '[',
    ']',
    '{',
    '}',
    '&a ',
    '*a ',
    '!!x ',
    '"',
    "'",
    '|',
    '>',
    '%',
    '---\n',
    '?',
    '<<',
    '__proto__',
    'alert',
    '1',
    '~',
    '\t',
    '\\ud800',
  );
  fc.assert(
    fc.property(
      fc.array(sign, { maxLength: 60 }).map((signs) => signs.join('')),
      parsesOrTells,
    ),
    { numRuns: 300 },
  );
});

it('a sound rule with any bytes written over it is read or told', () => {
  const text = soundRule(
    'event_count',
    'match: {tool: "email.*", args.n: {gt: 3}}',
    'overrides: [{match: {tenant: a}, condition: {gt: 3}}]',
    'actions: [{flip_tenant: {ttl: 5m}}, terminate_session]',
    'annotations: {s: "{{ value }}"}',
  );
  const change = fc.record({
    at: fc.nat(text.length),
    cut: fc.nat(20),
    put: fc.string({ maxLength: 12, unit: 'grapheme' }),
  });
  fc.assert(
    fc.property(change, ({ at, cut, put }) => parsesOrTells(text.slice(0, at) + put + text.slice(at + cut))),
    { numRuns: 300 },
  );
});

it.each([
  [
    'values of any kind in the place of any other',
    '{groups: [{name: [], rules: [{alert: {}, type: [x]}, 3, ~, [[]]], limit: []}]}',
  ],
  ['a key that is a map', '{groups: [], ? {a: 1} : 2}'],
  ['a prototype', '__proto__: {groups: []}\ngroups: []'],
  ['a label called __proto__', soundRule('loop', 'labels: {__proto__: x}')],
  ['an alias to itself', 'groups: &a [*a]'],
  ['a lone surrogate', soundRule('loop', 'match: {tool: "\\uD800"}')],
  ['deep nesting', `groups: ${'['.repeat(20_000)}`],
  ['deep maps', `groups: ${'{a: '.repeat(20_000)}`],
])('%s', (_law, text) => {
  parsesOrTells(text);
});

it('aliases that multiply are refused in time', () => {
  const layers = Array.from({ length: 9 }, (_, index) => `a${index + 1}: &a${index + 1} [${`*a${index}, `.repeat(9)}]`);
  parsesOrTells(['a0: &a0 [x]', ...layers, 'groups: *a9'].join('\n'));
  const rules = `groups:\n  - &g {name: g, rules: [${'&r {alert: A}, '}${'*r, '.repeat(500)}]}\n${'  - *g\n'.repeat(500)}`;
  const started = performance.now();
  const result = parseRules([{ name: 'r.yaml', content: rules }]);
  expect(
    result.status === 'invalid' && result.problems.some(({ message }) => message.startsWith('more than 100 aliases')),
  ).toBe(true);
  expect(performance.now() - started).toBeLessThan(5_000);
});

it('a file full of mistakes is read in linear time, and the first thousand are listed', () => {
  const keys = Array.from({ length: 4_000 }, (_, index) => `k${index}: 1`).join('\n');
  const result = parseRules([{ name: 'r.yaml', content: keys }]);
  const problems = result.status === 'invalid' ? result.problems : [];
  expect(problems).toHaveLength(1_001);
  expect(problems.at(-1)!.message).toBe('more than 1000 problems, expected fewer: the others are not listed');
});

it.each([
  ['of numbers', 'groups: [', '1,'],
  ['of brackets', 'groups: ', '['],
  ['of lines', '', '- a\n'],
  ['of aliases', 'a: &a x\n', 'b: *a\n'],
  ['of types', '', '- !!x a\n'],
  ['of mistakes', '', '- ]\n'],
  ['of tabs', '', '\t- :\n'],
  ['of rules', 'groups:\n- name: g\n  rules:\n', '  - {alert: A, type: loop}\n'],
])('a file %s, as large as files may be, is refused before it holds anybody up', (_what, head, part) => {
  const content = head + part.repeat((MAX_FILE_BYTES - head.length) / part.length);
  const before = process.cpuUsage();
  const result = parseRules([{ name: 'r.yaml', content }]);
  const { user, system } = process.cpuUsage(before);
  expect(result.status).toBe('invalid');
  // 200 ms on an idle machine; several times that on one that does something else.
  expect((user + system) / 1_000).toBeLessThan(1_000);
});

it('more words and signs than a file may have are told in one sentence', () => {
  const result = parseRules([{ name: 'r.yaml', content: `groups: [${'1,'.repeat(20_000)}]` }]);
  expect(result.status === 'invalid' && result.problems.map(problemText)).toEqual([
    'r.yaml:1:1: the file has more than 32000 words and signs of YAML, expected fewer: split it',
  ]);
});
