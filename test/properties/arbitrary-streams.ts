import fc from 'fast-check';
import type { Scope } from '../../src/domain/scope.ts';
import { type Happening, LIMITS, type PlainEvent, type PlainRule, type Setup } from '../oracle/plain.ts';
import { BASE } from '../oracle/telling.ts';
import { anyRules } from './arbitrary-rules.ts';

/** Random streams over a few names, so that events meet: in sessions, operations, call ids and event ids. */

export interface Scenario {
  readonly setup: Setup;
  readonly happenings: readonly Happening[];
}

const TENANTS: [string, ...string[]] = ['acme', 'bolt', 'a,b=c%'];
const SESSIONS: [string, ...string[]] = ['s1', 's2', 's3'];
const TOOLS: [string, ...string[]] = ['mail.send', 'db.read', 'db.put'];
const ARGS: readonly (PlainEvent['args'] | undefined)[] = [
  undefined,
  {},
  { to: 'me@x' },
  { to: 'you@x', n: 1 },
  { n: 1, to: 'you@x' },
  { n: 2.5, user: { id: 'u1' } },
  { n: true, user: 'u1' },
  { n: '3', user: { id: null } },
  { n: -4, list: [1, { a: 1, b: 2 }] },
];
const AMOUNTS: readonly (number | null)[] = [null, 0, 0.1, 0.25, 0.3, 1, 3, 1e-12, 5e-10, 0.0004, 1e9, 1e16];

/** One step of a stream; times are relative to what went before, so that shrinking keeps it sound. */
type Step =
  | {
      readonly kind: 'record';
      readonly gap: number;
      readonly late: number;
      readonly ts: TsChoice;
      readonly event: Body;
    }
  | { readonly kind: 'advance'; readonly gap: number }
  | { readonly kind: 'fence'; readonly scope: Scope; readonly back: number };

type Body = Omit<PlainEvent, 'ts' | 'event_id'> & { readonly event_id: string | null };

/** How the producer's clock stands to the broker's: an offset in ms. */
type TsChoice = number;

const often = <T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, { weight: 3, arbitrary: fc.constantFrom(usual, ...others) });
const sometimes = <T>(...values: readonly T[]) => often<T | undefined>(undefined, ...values);

const gap = fc.oneof(
  { weight: 5, arbitrary: fc.nat({ max: 3 }) },
  { weight: 3, arbitrary: fc.nat({ max: 30 }) },
  { weight: 1, arbitrary: fc.nat({ max: 300 }) },
  { weight: 1, arbitrary: fc.constantFrom(49, 50, 63, 64, 100, 639, 640, 1000, 1500) },
);
const clock: fc.Arbitrary<TsChoice> = fc.oneof(
  { weight: 6, arbitrary: fc.constant(0) },
  { weight: 3, arbitrary: fc.integer({ min: -30, max: 5 }) },
  { weight: 2, arbitrary: fc.integer({ min: -700, max: 50 }) },
  { weight: 1, arbitrary: fc.constantFrom(-100_000, -99_950, 1999, 2000, 2001, 60_000) },
);

const body: fc.Arbitrary<Body> = fc
  .record({
    event_id: sometimes('twice', 'thrice'),
    tenant_id: often(...TENANTS),
    session_id: often(...SESSIONS),
    type: often(
      undefined,
      'tool_call' as const,
      'llm_call' as const,
      'llm_call' as const,
      'session_start' as const,
      'session_end' as const,
    ),
    tool: often(...TOOLS),
    kind: sometimes('read' as const, 'write' as const),
    phase: often(undefined, 'call' as const, 'call' as const, 'result' as const, 'result' as const),
    call_id: sometimes('c1', 'c1', 'c2', 'c3'),
    agent_id: often('bot-1', 'bot-2', undefined, ''),
    args: often({ to: 'me@x' }, ...ARGS),
    args_hash: sometimes('h1', 'h2'),
    idempotency_key: often('k1', 'k2', '', undefined),
    status: often(
      undefined,
      'ok' as const,
      'error' as const,
      'error' as const,
      'blocked' as const,
      'cancelled' as const,
    ),
    error_type: sometimes('timeout', 'refused'),
    cost_usd: often(0.25, undefined, ...AMOUNTS),
    tokens_in: often(1, undefined, ...AMOUNTS),
    tokens_out: sometimes(...AMOUNTS),
    latency_ms: sometimes(...AMOUNTS),
    labels: often<PlainEvent['labels']>({ team: 'red' }, undefined, { team: 'blue', zone: 'z' }, { zone: 'z' }),
  })
  .map(soundBody);

/** A call has no outcome but `blocked`; nothing undefined stays. */
function soundBody(fields: { readonly [K in keyof Body]: Body[K] | undefined }): Body {
  const outcome = fields.phase === 'call' && fields.status !== 'blocked' && fields.status !== 'ok';
  const sound = { ...fields, event_id: fields.event_id ?? null, status: outcome ? undefined : fields.status };
  return Object.fromEntries(Object.entries(sound).filter(([, value]) => value !== undefined)) as unknown as Body;
}

const scope: fc.Arbitrary<Scope> = fc.oneof(
  fc
    .tuple(often(...TENANTS), often(...SESSIONS))
    .map(([tenant, session]) => ({ kind: 'session' as const, tenant, session })),
  often(...TENANTS).map((tenant) => ({ kind: 'tenant' as const, tenant })),
  fc
    .tuple(fc.constantFrom('acme', null, ...TENANTS), fc.constantFrom(...TOOLS))
    .map(([tenant, pattern]) => ({ kind: 'tool' as const, tenant, pattern })),
);

const record = fc.record({
  kind: fc.constant('record' as const),
  gap,
  late: often(0, 1, 20),
  ts: clock,
  event: body,
});
const advance = fc.record({ kind: fc.constant('advance' as const), gap });
const fence = fc.record({ kind: fc.constant('fence' as const), scope, back: fc.integer({ min: -20, max: 60 }) });

const withoutFences: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: record },
  { weight: 1, arbitrary: advance },
);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 20, arbitrary: record },
  { weight: 2, arbitrary: advance },
  { weight: 1, arbitrary: fence },
);

/** Steps with times and offsets. `late` is how much the broker's own clock went back. */
function happeningsOf(steps: readonly Step[], tail: number): Happening[] {
  let now = BASE;
  let offset = 0;
  const happenings = steps.map((step): Happening => {
    if (step.kind === 'fence') return { fence: step.scope, at: now - step.back };
    now += step.gap;
    if (step.kind === 'advance') return { advance: now };
    const appendedAt = now - step.late;
    const event = { ...step.event, event_id: step.event.event_id ?? `e${offset}`, ts: appendedAt + step.ts };
    return { record: event as PlainEvent, offset: offset++, appendedAt };
  });
  return [...happenings, { advance: now + tail }];
}

const anySetup: fc.Arbitrary<Setup> = fc.record({
  rules: anyRules,
  tools: fc.constantFrom(
    { write: ['mail.*'], read: ['*.read'] },
    { write: [], read: ['*'] },
    { write: ['db.read'], read: ['db.*'] },
  ),
  sessionEndsAfterMs: fc.constantFrom(200, 700, 2000),
  limits: fc.constantFrom(LIMITS, { operationsPerKey: 2, fingerprintsPerKey: 2, eventIdsPerSession: 16 }),
});

function scenarios(step: fc.Arbitrary<Step>, maxLength: number): fc.Arbitrary<Scenario> {
  return fc
    .record({ setup: anySetup, steps: fc.array(step, { minLength: 10, maxLength, size: 'max' }) })
    .map(({ setup, steps }) => ({ setup, happenings: happeningsOf(steps, 1500) }));
}

export const anyScenario = scenarios(anyStep, 70);
export const unfencedScenario = scenarios(withoutFences, 70);

/** What one busy key measures, and by what. */
const CROWDED: readonly Pick<PlainRule, 'measure' | 'groupBy' | 'windowMs'>[] = [
  { measure: { type: 'event_count' }, groupBy: ['tenant'], windowMs: 640 },
  { measure: { type: 'event_count' }, groupBy: ['session'], windowMs: 333 },
  { measure: { type: 'value_sum', field: 'tokens_in' }, groupBy: ['tool'], windowMs: 1000 },
  { measure: { type: 'duplicate_count', fingerprint: ['tool'], after: 'ok' }, groupBy: ['session'], windowMs: 640 },
  { measure: { type: 'duplicate_count', fingerprint: ['tool'], after: 'ok' }, groupBy: ['tenant'], windowMs: 1000 },
  { measure: { type: 'duplicate_count', fingerprint: ['tool'], after: 'any' }, groupBy: ['tenant'], windowMs: 333 },
  { measure: { type: 'loop', fingerprint: ['tool'], distinctOfLast: null }, groupBy: ['tenant'], windowMs: 640 },
  { measure: { type: 'loop', fingerprint: ['tool'], distinctOfLast: null }, groupBy: ['session'], windowMs: null },
  { measure: { type: 'session_total', field: 'actions' }, groupBy: ['session'], windowMs: null },
  { measure: { type: 'session_total', field: 'tokens' }, groupBy: ['session'], windowMs: null },
];

const CROWDED_SCOPES: readonly Scope[] = [
  { kind: 'session', tenant: 'acme', session: 's1' },
  { kind: 'tenant', tenant: 'acme' },
  { kind: 'tool', tenant: 'acme', pattern: 'db.put' },
];

type CrowdStep = readonly [gap: number, ts: number, what: number];
const crowdStep: fc.Arbitrary<CrowdStep> = fc.tuple(
  fc.nat({ max: 2 }),
  fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.integer({ min: -300, max: 0 }) }),
  fc.nat({ max: 20 }),
);

/** A key with far more than 256 entries; rules whose thresholds tell when its value changes; perhaps a fence. */
export const crowdedScenario: fc.Arbitrary<Scenario> = fc
  .record({
    shape: fc.constantFrom(...CROWDED),
    thresholds: fc.uniqueArray(fc.integer({ min: 20, max: 330 }), { minLength: 2, maxLength: 4 }),
    steps: fc.array(crowdStep, { minLength: 300, maxLength: 480, size: 'max' }),
    fence: fc.option(fc.record({ after: fc.nat({ max: 479 }), back: fc.nat({ max: 400 }) })),
  })
  .map(({ shape, thresholds, steps, fence: fenced }) => {
    const rules = thresholds.map(
      (threshold): PlainRule => ({
        name: `above-${threshold}`,
        ...shape,
        match: { require: [], forbid: [] },
        condition: { comparison: 'gt', threshold },
        forMs: 0,
        keepFiringForMs: 0,
        overrides: [],
      }),
    );
    const happenings = crowd(steps);
    if (fenced !== null) {
      const after = Math.min(fenced.after, steps.length - 1);
      happenings.splice(after, 0, ...fencesAt(happenings[after]!, fenced.back));
    }
    return { setup: { rules, tools: { write: ['*'], read: [] }, sessionEndsAfterMs: 100_000 }, happenings };
  });

/** Calls of one operation; some fail at once, some later by their result. */
function crowd(steps: readonly CrowdStep[]): Happening[] {
  let now = BASE;
  const records = steps.map(([gap, ts, what], offset): Happening => {
    now += gap;
    const whole = { event_id: `e${offset}`, ts: now + ts, tenant_id: 'acme', session_id: 's1', tool: 'db.put' };
    return { record: { ...whole, ...crowdBody(what, offset) }, offset, appendedAt: now };
  });
  return [...records, { advance: now + 1100 }];
}

function crowdBody(what: number, offset: number): Partial<PlainEvent> {
  if (what === 0) return { phase: 'result', status: 'error', call_id: `c${offset - 1}` };
  if (what === 1) return { phase: 'result', status: 'error', call_id: `c${offset - 40}` };
  if (what === 2) return { status: 'error', tokens_in: 2 };
  return { phase: 'call', call_id: `c${offset}`, tokens_in: 1 };
}

/** Of whatever scope the key is. */
function fencesAt(next: Happening, back: number): Happening[] {
  const now = 'record' in next ? next.appendedAt : BASE;
  return CROWDED_SCOPES.map((fenced) => ({ fence: fenced, at: now - back }));
}

/** What may become of a rule in a reload. */
const change = fc.constantFrom('none', 'none', 'threshold', 'threshold', 'for', 'keep', 'window', 'gone', 'back');

/** Streams with reloads: thresholds and waits that change, windows too, rules that go and come back. */
export const reloadedScenario: fc.Arbitrary<Scenario> = fc
  .record({
    scenario: anyScenario,
    reloads: fc.array(
      fc.record({ at: fc.nat({ max: 99 }), changes: fc.array(change, { minLength: 5, maxLength: 5 }) }),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
  })
  .map(({ scenario: { setup, happenings }, reloads }) => {
    let { rules } = setup;
    const withReloads = [...happenings];
    const inOrder = reloads.toSorted((a, b) => a.at - b.at);
    inOrder.forEach(({ at, changes }, index) => {
      rules = setup.rules.flatMap((rule, place) => {
        const now = rules.find(({ name }) => name === rule.name);
        return changed(rule, now, changes[place]!);
      });
      withReloads.splice(Math.floor((happenings.length * at) / 100) + index, 0, { reload: rules });
    });
    return { setup, happenings: withReloads };
  });

function changed(first: PlainRule, now: PlainRule | undefined, what: string): PlainRule[] {
  if (what === 'gone' || (now === undefined && what !== 'back')) return [];
  const rule = now ?? first;
  const { threshold, comparison } = rule.condition;
  const isDistinct = rule.measure.type === 'loop' && rule.measure.distinctOfLast !== null;
  if (what === 'threshold' && !isDistinct) return [{ ...rule, condition: { comparison, threshold: threshold + 1 } }];
  if (what === 'back') return [{ ...rule, condition: first.condition }];
  if (what === 'for') return [{ ...rule, forMs: rule.forMs + 5 }];
  if (what === 'keep') return [{ ...rule, keepFiringForMs: rule.keepFiringForMs + 50 }];
  if (what === 'window' && rule.windowMs !== null) return [{ ...rule, windowMs: rule.windowMs + 10 }];
  return [rule];
}
