import { describe, expect, it } from 'vitest';
import { createDecoder } from '../../src/domain/event/decode.ts';
import { SymbolTables } from '../../src/domain/event/symbol-tables.ts';
import { cachedById } from '../../src/rules/compile/id-cache.ts';
import { compileRules } from '../../src/rules/compile.ts';
import { setOf, soundRule } from './rule-text.ts';

/** Which of the events a rule sees. */
function seen(text: string, ...events: readonly object[]): readonly boolean[] {
  const compiled = compileRules(setOf(text));
  const symbols = new SymbolTables([1, 2]);
  const tools = { write: ['*.send'], read: [] };
  const decoder = createDecoder({ symbols, plan: compiled.plan, tools, format: 'json' });
  const feeds = compiled.rules[0]!.bind(symbols);
  return events.map((event, index) => {
    const common = { event_id: `e${index}`, ts: 1_700_000_000_000, tenant_id: 't', session_id: 's', tool: 'mail.send' };
    const rejection = decoder.decodeValue({ ...common, ...event });
    if (rejection !== null) throw new Error(rejection.detail);
    return feeds(decoder.view);
  });
}

const PHASES = [{}, { phase: 'call' }, { phase: 'result' }];
const TYPES = [{}, { type: 'llm_call' }, { type: 'session_start' }];
const STATUSES = [{}, { status: 'error' }, { status: 'blocked' }, { status: 'cancelled' }];

describe('what a rule sees where its match does not say', () => {
  it.each([
    ['calls are counted once, as calls', 'event_count', [], PHASES, [true, true, false]],
    [
      'with an outcome they are counted as results',
      'event_count',
      ['match: {status: ok}'],
      PHASES,
      [true, false, true],
    ],
    ['under not too', 'event_count', ['match: {not: {status: error}}'], PHASES, [true, false, true]],
    ['unless the match names the phase', 'event_count', ['match: {phase: result}'], PHASES, [true, false, true]],
    ['sums take every phase', 'value_sum', [], PHASES, [true, true, true]],
    ['counts take tool calls', 'loop', [], TYPES, [true, false, false]],
    ['unless the match names the type', 'loop', ['match: {type: "*"}'], TYPES, [true, true, true]],
    ['sums and ages take every type', 'session_age', [], TYPES, [true, true, true]],
    ['a budget of actions takes calls', 'session_total', [], TYPES, [true, false, false]],
    ['blocked calls feed nothing', 'value_sum', [], STATUSES, [true, true, false, true]],
    [
      'unless the match names them',
      'event_count',
      ['match: {status: [blocked, error]}'],
      STATUSES,
      [false, true, true, false],
    ],
    ['or everything', 'event_count', ['match: {status: "*"}'], STATUSES, [true, true, true, true]],
    [
      'what is left out does not name them',
      'event_count',
      ['match: {not: {status: error}}'],
      STATUSES,
      [true, false, false, true],
    ],
  ] as const)('%s', (_law, type, lines, events, expected) => {
    expect(seen(soundRule(type, ...lines), ...events)).toEqual(expected);
  });
});

describe('fields', () => {
  it.each([
    ['money in USD', 'cost_usd: {gte: 0.1, lt: 0.3}', [{ cost_usd: 0.1 }, { cost_usd: 0.3 }, {}], [true, false, false]],
    ['tokens in tokens', 'tokens_in: {eq: 1000}', [{ tokens_in: 1000 }, { tokens_in: 1 }], [true, false]],
    ['latency in ms', 'latency_ms: {gt: 5}', [{ latency_ms: 5.5 }, { latency_ms: 5 }], [true, false]],
    [
      'what is not there is not different',
      'args.n: {neq: 3}',
      [{ args: { n: 4 } }, { args: {} }, { args: { n: '4' } }],
      [true, false, false],
    ],
    [
      'arguments as text',
      'args.a.b: ["x*", 5]',
      [{ args: { a: { b: 'xy' } } }, { args: { a: { b: 5 } } }, { args: { a: 'x' } }],
      [true, true, false],
    ],
    ['labels', 'labels.team: pay', [{ labels: { team: 'pay' } }, { labels: {} }, {}], [true, false, false]],
    [
      'the kind that the lists decide',
      'kind: read',
      [{ kind: 'read' }, { kind: 'read', tool: 'mail.get' }],
      [false, true],
    ],
    ['the agent', 'agent: "a?"', [{ agent_id: 'a1' }, { agent_id: 'b1' }, {}], [true, false, false]],
    ['the session', 'session: s', [{}, { session_id: 'other' }], [true, false]],
    ['what is left out', 'not: {agent: a1}', [{ agent_id: 'a1' }, { agent_id: 'a2' }, {}], [false, true, true]],
  ] as const)('%s', (_law, match, events, expected) => {
    expect(seen(soundRule('event_count', `match: {${match}}`), ...events)).toEqual(expected);
  });

  it('a model call has no kind', () => {
    expect(seen(soundRule('value_sum', 'match: {kind: "*"}'), { type: 'llm_call' }, {})).toEqual([false, true]);
  });
});

describe('the plan', () => {
  it('names each path once, and each rule knows its slots', () => {
    const text = [
      soundRule(
        'duplicate_count',
        'match: {args.to: x}',
        'fingerprint: [tool, args.to, labels.run]',
        'group_by: [session, labels.team]',
      ),
      '      - {alert: B, type: value_sum, field: args.amount, window: 1m, condition: {gt: 1}}',
    ].join('\n');
    const { plan, rules } = compileRules(setOf(text));
    expect(plan).toEqual({ slots: ['args.to', 'labels.run', 'labels.team', 'args.amount'], args: false });
    expect(rules.map(({ slots }) => slots)).toEqual([[-1, 0, 1], [3]]);
    expect(rules.map(({ groupSlots }) => groupSlots)).toEqual([[-1, 2], [-1]]);
  });

  it('arguments are hashed only where a rule compares them', () => {
    expect(compileRules(setOf(soundRule('loop'))).plan.args).toBe(true);
    expect(compileRules(setOf(soundRule('event_count'))).plan.args).toBe(false);
  });
});

it('the first override that matches a key sets its condition', () => {
  const overrides =
    'overrides: [{match: {tenant: "a*"}, condition: {gt: 100}}, {match: {tenant: ab}, condition: {gt: 200}}]';
  const [rule] = compileRules(setOf(soundRule('event_count', overrides))).rules;
  const threshold = (tenant: string) => rule!.conditionFor({ tenant, session: 's' }).threshold;
  expect(['ab', 'b'].map(threshold)).toEqual([100, 30]);
});

it('an id is matched once, however many there are', () => {
  const texts = Array.from({ length: 10_000 }, (_, id) => `t${id}`);
  let asked = 0;
  const matches = cachedById({ size: texts.length, bound: 4, text: (id) => texts[id]! }, (text) => {
    asked++;
    return text.endsWith('7');
  });
  for (let round = 0; round < 2; round++) {
    expect(texts.filter((_, id) => matches(id))).toEqual(texts.filter((text) => text.endsWith('7')));
  }
  expect([matches(0), asked]).toEqual([false, texts.length - 1]);
});
