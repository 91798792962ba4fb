import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { KillState, ScopedState } from '../../src/domain/kill-state.ts';
import type { LimitSpend } from '../../src/domain/limit-spend.ts';
import { GLOBAL, type Scope, scopeText } from '../../src/domain/scope.ts';
import { flagKey, killKeys } from '../../src/killswitch/keys.ts';
import type { ChangeOutcome, ScopeReading, TripRequest } from '../../src/ports/kill-store.ts';
import { embeddedHarness } from '../adapters/embedded/kill-harness.ts';
import { redisHarness } from '../adapters/redis/harness.ts';
import {
  ALL_MODES,
  ANNA,
  byOperator,
  byRule,
  clearing,
  DAY,
  type Harness,
  HOUR,
  MINUTE,
  newDecision,
  SENTINEL,
  session,
  stateWith,
  tenant,
  tool,
} from '../conformance/kill-store/harness.ts';
import { redisUrl } from '../services/context.ts';

/**
 * Redis and embedded are one kill store: whatever is done to both, by us and by hand, both answer, hold and record the same.
 * Their clocks run on, so times are compared in minutes and every duration is whole minutes.
 */
const keys = killKeys();
const SCOPES: readonly Scope[] = [
  ...[GLOBAL, tenant('a'), tenant('b:%'), session('a', 's'), session('a', 't'), session('b:%', 's:%')],
  ...[tool(null, 'x'), tool('a', 'x'), tool('b:%', 'y:*')],
];

const scope = fc.constantFrom(...SCOPES);
const flagged = fc.constantFrom(...SCOPES.filter((each) => each.kind !== 'tool'));
const tools = fc.constantFrom(...SCOPES.filter((each) => each.kind === 'tool'));
const mode = fc.constantFrom(...ALL_MODES);
const ttlMs = fc.constantFrom(null, 10 * MINUTE, HOUR, 30 * DAY);
const inFlight = fc.constantFrom(null, 'finish' as const, 'cancel' as const);
const text = fc.constantFrom(
  '0',
  '1',
  ' OFF',
  'stop_all',
  'stop_new_runs',
  'disable_writes,stop_new_runs',
  'help!',
  '',
);

const command = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('operator' as const), scope, mode, ttlMs, inFlight, replace: fc.boolean() }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      ...{
        do: fc.constant('rule' as const),
        scope,
        mode,
        ttlMs,
        inFlight,
        simulate: fc.constantFrom(false, false, true),
      },
      /** How many steps ago the newest evidence was appended. */
      ...{ stepsAgo: fc.nat(4), limited: fc.boolean(), escalates: fc.boolean() },
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('clear' as const), scope, holdMs: fc.constantFrom(null, null, HOUR) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('repeat' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('set' as const), scope: flagged, text, expires: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('del' as const), scope }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wrong type' as const), scope }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('member' as const), scope: tools, add: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('adopt' as const), scope }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('adopt all' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('expire' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('renew' as const), scope }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sweep' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rearm' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reassert' as const), scope, mode, newer: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('initialise' as const), scope, mode, newer: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wipe' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(MINUTE, 10 * MINUTE, DAY, 7 * DAY) }),
  },
);
type Command = typeof command extends fc.Arbitrary<infer C> ? C : never;

/** What was found once, among thousands. */
const B_TOOL = { kind: 'tool', tenant: 'b:%', pattern: 'y:*' } as const;
const FOUND: Command[][] = [
  [
    { do: 'wrong type', scope: B_TOOL },
    { do: 'initialise', scope: GLOBAL, mode: 'stop_new_runs', newer: false },
    { do: 'wrong type', scope: B_TOOL },
  ],
  [
    { do: 'clear', scope: GLOBAL, holdMs: HOUR },
    { do: 'wait', ms: 7 * DAY },
    { do: 'sweep' },
    { do: 'wait', ms: MINUTE },
    { do: 'sweep' },
    { do: 'initialise', scope: GLOBAL, mode: 'stop_new_runs', newer: false },
  ],
];

/** One of the two stores on its way through the commands. */
interface Run {
  readonly harness: Harness;
  readonly start: number;
  /** The store's time at every step. */
  readonly times: number[];
  lastTrip: TripRequest | null;
  seenEntry: string | null;
}

test('any commands, and any hands, leave Redis and the embedded store the same', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 25 }), async (commands) => {
      const [redis, embedded] = await Promise.all([begin(redisHarness(redisUrl())), begin(embeddedHarness())]);
      try {
        for (const each of commands) {
          const decisionId = newDecision();
          const [left, right] = [await step(redis, each, decisionId), await step(embedded, each, decisionId)];
          expect(right, `after ${JSON.stringify(each)}`).toEqual(left);
        }
      } finally {
        await Promise.all([redis.harness.close(), embedded.harness.close()]);
      }
    }),
    { numRuns: 60, endOnFailure: false, examples: FOUND.map((commands) => [commands]) },
  );
}, 240_000);

async function begin(made: Promise<Harness>): Promise<Run> {
  const harness = await made;
  await harness.store.initialise([], SENTINEL);
  return { harness, start: await harness.store.time(), times: [], lastTrip: null, seenEntry: null };
}

async function step(run: Run, what: Command, decisionId: string): Promise<unknown> {
  // Apart from everything that the step before left: no two times of two steps are the same ms.
  run.harness.advance(5);
  run.times.push(await run.harness.store.time());
  const answer = await perform(run, what, decisionId);
  return { answer, ...(await observed(run)) };
}

async function perform(run: Run, what: Command, decisionId: string): Promise<unknown> {
  const { store, byHand, advance, wipe } = run.harness;
  switch (what.do) {
    case 'operator':
    case 'rule':
      run.lastTrip =
        what.do === 'operator' ? byOperator(what.scope, { ...asked(what), decisionId }) : ruled(run, what, decisionId);
      return outcome(run, await store.trip(run.lastTrip));
    case 'repeat':
      return run.lastTrip && outcome(run, await store.trip(run.lastTrip));
    case 'clear':
      return outcome(run, await store.clear(clearing(what.scope, { holdMs: what.holdMs, decisionId })));
    case 'set':
      await byHand.set(flagKey(keys, what.scope), what.text, ...(what.expires ? [{ px: HOUR }] : []));
      // A Redis expiry runs on real time, which no test moves: it is adopted before time moves.
      return what.expires ? changes(run, await store.adopt([what.scope], SENTINEL)) : null;
    case 'del':
      return byHand.del(flagKey(keys, what.scope));
    case 'wrong type':
      return byHand.wrongType(flagKey(keys, what.scope));
    case 'member': {
      const { tenant: owner, pattern } = what.scope as Scope & { kind: 'tool' };
      // On a wrong type neither is possible for a person either.
      await store.adopt([what.scope], SENTINEL);
      return byHand[what.add ? 'sadd' : 'srem'](flagKey(keys, tool(owner, 'by hand')), what.add ? 'by hand' : pattern);
    }
    case 'adopt':
      return changes(run, await store.adopt([what.scope], ANNA));
    case 'adopt all':
      return changes(run, await store.adoptAll(ANNA));
    case 'expire':
      return changes(run, await store.expire(await store.time(), SENTINEL));
    case 'renew':
      return outcome(run, await store.renew(what.scope, SENTINEL));
    case 'sweep':
      return [...(await store.sweep(100))].sort();
    case 'rearm':
      return [...(await store.rearm(null, ANNA))].sort();
    case 'reassert':
      return changes(run, await store.reassert([await elsewhere(run, what)], SENTINEL));
    case 'initialise':
      return (await store.initialise([await elsewhere(run, what)], SENTINEL)) !== '';
    case 'wipe':
      run.seenEntry = null;
      return wipe();
    case 'wait':
      return advance(what.ms);
  }
}

type Asked = Extract<Command, { do: 'operator' | 'rule' }>;

function asked({ scope: target, mode: wanted, ttlMs: lasts, inFlight: calls, ...rest }: Asked): Partial<TripRequest> {
  const replace = rest.do === 'operator' ? { replace: rest.replace } : { simulate: rest.simulate };
  return { mode: target.kind === 'tool' ? null : wanted, ttlMs: lasts, inFlight: calls, ...replace };
}

function ruled(run: Run, what: Extract<Command, { do: 'rule' }>, decisionId: string): TripRequest {
  const owner = what.scope.kind === 'global' ? null : what.scope.tenant;
  const flips: LimitSpend = { name: 'tenant_flips', max: 1, perMs: 20 * MINUTE, concerns: 'all' };
  const kills: LimitSpend = { name: `session_kills:${owner}`, max: 1, perMs: 10 * MINUTE, concerns: 'tenant' };
  const share: LimitSpend = {
    ...{ name: 'share', max: 0, perMs: 10 * MINUTE, concerns: 'all', freePerTenant: 1, share: { of: 0.1, atLeast: 1 } },
  };
  const escalation = { ttlMs: 30 * MINUTE, reason: 'escalated', limits: [flips] };
  const automation = {
    evidenceAppendedAt: run.times.at(-1 - what.stepsAgo) ?? run.start,
    limits: what.limited ? (what.scope.kind === 'session' ? [kills, share] : [flips]) : [],
    escalation: what.escalates ? escalation : null,
  };
  return byRule(what.scope, automation, { ...asked(what), decisionId });
}

async function elsewhere(
  run: Run,
  what: { scope: Scope; mode: (typeof ALL_MODES)[number]; newer: boolean },
): Promise<ScopedState> {
  const { store } = run.harness;
  const { version } = await store.poll({ sinceVersion: 0, tenants: [], sessions: [] });
  const at = await store.time();
  const elsewhereMode =
    what.scope.kind === 'tool' ? 'disabled' : what.scope.kind === 'session' ? 'stop_all' : what.mode;
  const state = stateWith({
    version: what.newer ? version + 1_000 : 1,
    mode: elsewhereMode,
    at,
    expires_at: at + HOUR,
  });
  return { scope: scopeText(what.scope), state };
}

/** Everything that anybody can see of a store, without what two stores cannot share: versions, epochs, parts of a minute. */
async function observed(run: Run): Promise<Record<string, unknown>> {
  const { store, byHand } = run.harness;
  const flags = SCOPES.map(async (each): Promise<unknown> => {
    const key = flagKey(keys, each);
    if (each.kind !== 'tool') return [await byHand.get(key), (await byHand.px(key)) === null];
    return [...(await byHand.members(key))].sort();
  });
  const poll = await store.poll({
    ...{ sinceVersion: 0, tenants: ['a', 'b:%'] },
    sessions: [
      { tenant: 'a', session: 's' },
      { tenant: 'b:%', session: 's:%' },
    ],
  });
  const entries = await store.entries(run.seenEntry, 1_000);
  run.seenEntry = entries.at(-1)?.id ?? run.seenEntry;
  return {
    readings: readings(run, await store.read(SCOPES)),
    flags: await Promise.all(flags),
    initialised: poll.epoch !== null,
    changes: changes(run, poll.changes),
    byHand: poll.byHand.map((each) => `${scopeText(each.scope)} ${each.mode}`).sort(),
    lost: poll.lost.map(scopeText).sort(),
    tools: readings(run, await store.disabledTools(['a', 'b:%'])),
    trippedTenants: readings(run, await store.trippedTenants()),
    shadow: changes(run, await store.shadowStates(100)),
    limits: (await store.trippedLimits()).map((limit) => limit.name).sort(),
    notes: entries
      .map(({ note }) => ({
        ...note,
        subject: plainId(note.subject),
        at: minutes(run, note.at),
        state: plain(run, note.state),
      }))
      .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
  };
}

function outcome(run: Run, answer: ChangeOutcome): unknown {
  switch (answer.status) {
    case 'applied':
      return { ...answer, outboxId: '', state: plain(run, answer.state), before: plain(run, answer.before) };
    case 'refused':
      return answer.code;
    default:
      return { ...answer, state: plain(run, answer.state) };
  }
}

function changes(run: Run, states: readonly ScopedState[]): unknown {
  return states
    .map(({ scope: of, state }) => [of, plain(run, state)] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

function readings(run: Run, read: readonly ScopeReading[]): unknown {
  return read
    .map(({ scope: of, state, byHand }) => [scopeText(of), plain(run, state), byHand] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

function plain(run: Run, state: KillState | null): unknown {
  if (state === null) return null;
  return {
    ...state,
    ...{ version: 0, epoch: state.epoch === '' || state.epoch === 'an-older-epoch' ? state.epoch : 'an epoch' },
    ...{ decision_id: plainId(state.decision_id), reason: state.reason.replace(/SET \S*agent/, 'SET agent') },
    ...{ at: minutes(run, state.at), expires_at: minutes(run, state.expires_at) },
    ...{ fence: minutes(run, state.fence), hold_until: minutes(run, state.hold_until) },
  };
}

function plainId(id: string): string {
  return id.startsWith('hand:') ? 'hand' : id;
}

function minutes({ start }: Run, time: number | null): number | null {
  return time === null ? null : Math.round((time - start) / MINUTE);
}
