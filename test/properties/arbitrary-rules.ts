import fc from 'fast-check';
import type { Condition, FieldTest, FingerprintPart, GroupKey, Match, NumberField } from '../../src/domain/rule.ts';
import type { PlainRule } from '../oracle/plain.ts';

/** Random rules of every type, over the few names that random events have (arbitrary-events.ts). */

const FINGERPRINTS: readonly (readonly FingerprintPart[])[] = [
  ['tool', 'args'],
  ['tool'],
  ['args'],
  ['idempotency_key'],
  ['tool', 'args.to'],
  ['args.user.id', 'labels.team'],
];
const WIDE_KEYS: readonly (readonly GroupKey[])[] = [
  ['tenant'],
  ['tool'],
  ['agent'],
  ['labels.team'],
  ['global_tool'],
  ['agent', 'tool'],
];
const SESSION_KEYS: readonly (readonly GroupKey[])[] = [
  ['session'],
  ['session'],
  ['session', 'tool'],
  ['session', 'agent'],
  ['session', 'labels.team'],
];
const NUMBERS: readonly NumberField[] = ['cost_usd', 'tokens', 'tokens_in', 'latency_ms', 'args.n'];

const word = (field: string, ...globs: readonly string[]): FieldTest => ({ field, globs });
const number = (field: string, ...numbers: readonly Condition[]): FieldTest => ({ field, numbers });
const from = (threshold: number): Condition => ({ comparison: 'gte', threshold });

const TESTS: readonly FieldTest[] = [
  word('tool', 'mail.*'),
  word('tool', 'db.read', '*.put'),
  word('kind', 'write'),
  word('kind', 'read'),
  word('tenant', 'a*'),
  word('session', 's?'),
  word('agent', '*'),
  word('agent', 'bot-1'),
  word('labels.team', 'red'),
  word('args.to', '*@x'),
  word('args.n', '1', 'true'),
  word('args.user.id', 'u?'),
  number('args.n', from(1), { comparison: 'lt', threshold: 5 }),
  number('cost_usd', from(0.1)),
  number('tokens_in', { comparison: 'neq', threshold: 3 }),
  number('latency_ms', { comparison: 'lte', threshold: 10 }),
  word('status', 'error'),
  word('status', 'ok', 'cancelled'),
  word('status', 'blocked'),
  word('status', '*'),
  word('error_type', 'time*'),
  word('phase', 'call'),
  word('phase', 'result'),
  word('type', 'llm_call'),
  word('type', '*_call'),
  word('type', 'session_*'),
];

const OUTCOMES = ['status', 'error_type', 'latency_ms'];

/** No test twice, and nothing that the rules' own checks refuse. */
function matchOf(require: readonly FieldTest[], forbid: readonly FieldTest[]): Match {
  const once = (tests: readonly FieldTest[]) => [...new Map(tests.map((test) => [test.field, test])).values()];
  const required = once(require);
  const asksOutcome = [...required, ...forbid].some(({ field }) => OUTCOMES.includes(field));
  return { require: required.filter(({ field }) => !(asksOutcome && field === 'phase')), forbid: once(forbid) };
}

const anyMatch: fc.Arbitrary<Match> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ require: [], forbid: [] }) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.array(fc.constantFrom(...TESTS), { maxLength: 2 }),
        fc.array(fc.constantFrom(...TESTS), { maxLength: 1 }),
      )
      .map(([require, forbid]) => matchOf(require, forbid)),
  },
);

const wait = fc.constantFrom(0, 0, 0, 0, 1, 7, 40, 130);
const windowMs = fc.constantFrom(50, 64, 100, 333, 640, 1000);
const duration = fc.constantFrom(1, 10, 33, 120, 400);
const growing = (threshold: fc.Arbitrary<number>): fc.Arbitrary<Condition> =>
  fc.oneof(
    threshold.map((least): Condition => ({ comparison: 'gt', threshold: least })),
    threshold.map((least): Condition => ({ comparison: 'gte', threshold: least === 0 ? 1 : least })),
  );
const comparing = (threshold: fc.Arbitrary<number>): fc.Arbitrary<Condition> =>
  fc.oneof(
    growing(threshold),
    fc
      .tuple(fc.constantFrom('lt' as const, 'lte' as const, 'eq' as const, 'neq' as const), threshold)
      .map(([comparison, least]) => ({ comparison, threshold: comparison === 'lt' && least === 0 ? 1 : least })),
  );
const small = fc.constantFrom(0, 1, 1, 2, 2, 3, 5);
const amount = fc.constantFrom(0, 0.1, 0.25, 0.3, 0.5, 1, 1.25, 3, 1000, 9_000_000);

type Shape = Omit<PlainRule, 'name' | 'match' | 'overrides' | 'forMs' | 'keepFiringForMs'>;

/** Windowed measures: growing conditions for session keys, every condition for wider ones. */
function windowed(measure: fc.Arbitrary<PlainRule['measure']>, threshold: fc.Arbitrary<number>): fc.Arbitrary<Shape> {
  const bySession = fc.record({
    measure,
    windowMs,
    groupBy: fc.constantFrom(...SESSION_KEYS),
    condition: growing(threshold),
  });
  const wider = fc.record({
    measure,
    windowMs,
    groupBy: fc.constantFrom(...WIDE_KEYS),
    condition: comparing(threshold),
  });
  return fc.oneof(bySession, wider);
}

function ofSession(measure: fc.Arbitrary<PlainRule['measure']>, threshold: fc.Arbitrary<number>): fc.Arbitrary<Shape> {
  return fc.record({
    measure,
    windowMs: fc.constant(null),
    groupBy: fc.constant<readonly GroupKey[]>(['session']),
    condition: growing(threshold),
  });
}

const fingerprint = fc.constantFrom(...FINGERPRINTS);

const eventCount = windowed(fc.constant({ type: 'event_count' }), small);
const valueSum = windowed(
  fc.constantFrom(...NUMBERS).map((field) => ({ type: 'value_sum', field })),
  amount,
);
const duplicateCount = windowed(
  fc.record({ type: fc.constant('duplicate_count'), fingerprint, after: fc.constantFrom('ok', 'any') }),
  fc.constantFrom(0, 0, 1, 2),
);
const loopMeasure = fc.record({
  type: fc.constant('loop' as const),
  fingerprint,
  distinctOfLast: fc.constant<number | null>(null),
});
const windowedLoop = windowed(loopMeasure, fc.integer({ min: 1, max: 4 }));
const sessionLoop = fc.record({
  measure: loopMeasure,
  windowMs: fc.constant(null),
  groupBy: fc.constantFrom(...SESSION_KEYS),
  condition: growing(fc.integer({ min: 1, max: 4 })),
});
const distinctOfLast = fc
  .record({ fingerprint, last: fc.integer({ min: 2, max: 4 }), windowMs: fc.option(windowMs), most: fc.nat(10) })
  .chain(({ fingerprint: parts, last, windowMs: window, most }) =>
    fc.record<Shape>({
      measure: fc.constant({ type: 'loop', fingerprint: parts, distinctOfLast: last }),
      windowMs: fc.constant(window),
      groupBy: fc.constantFrom(...SESSION_KEYS, ...(window === null ? [] : WIDE_KEYS)),
      condition: fc.constant({ comparison: 'lte', threshold: 1 + (most % (last - 1)) }),
    }),
  );
const sessionTotal = fc.oneof(
  ofSession(fc.constant({ type: 'session_total', field: 'actions' }), small),
  ofSession(
    fc.constantFrom('cost_usd' as const, 'tokens' as const).map((field) => ({ type: 'session_total', field })),
    amount,
  ),
);
const sessionAge = ofSession(
  fc.constantFrom(5, 30, 100, 500).map((activeWithinMs) => ({ type: 'session_age', activeWithinMs })),
  duration,
).map(durationsAboveZero);
const sessionIdle = ofSession(fc.constant({ type: 'session_idle' }), duration).map(durationsAboveZero);

function durationsAboveZero(shape: Shape): Shape {
  return { ...shape, condition: { ...shape.condition, threshold: Math.max(shape.condition.threshold, 1) } };
}

const anyShape: fc.Arbitrary<Shape> = fc.oneof(
  eventCount,
  valueSum,
  { weight: 2, arbitrary: duplicateCount },
  windowedLoop,
  sessionLoop,
  distinctOfLast,
  sessionTotal,
  sessionAge,
  sessionIdle,
);

/** Another condition of the same comparison for some of the keys. */
function overridden(shape: Shape, with_: boolean): PlainRule['overrides'] {
  if (!with_ || (shape.measure.type === 'loop' && shape.measure.distinctOfLast !== null)) return [];
  const { comparison, threshold } = shape.condition;
  const field = shape.groupBy.includes('global_tool') ? 'tool' : 'tenant';
  const match: Match = { require: [], forbid: [word(field, 'a*', 'mail.*')] };
  return [{ match, condition: { comparison, threshold: threshold + 1 } }];
}

const anyRule = fc
  .record({ shape: anyShape, match: anyMatch, forMs: wait, keepFiringForMs: wait, override: fc.boolean() })
  .map(
    ({ shape, match, forMs, keepFiringForMs, override }): Omit<PlainRule, 'name'> => ({
      ...shape,
      match,
      forMs,
      keepFiringForMs,
      overrides: overridden(shape, override),
    }),
  );

export const anyRules: fc.Arbitrary<readonly PlainRule[]> = fc
  .array(anyRule, { minLength: 1, maxLength: 5 })
  .map((rules) => rules.map((rule, index) => ({ name: `rule-${index}-${rule.measure.type}`, ...rule })));
