import { describe, expect, test } from 'vitest';
import type { KillState } from '../../src/domain/kill-state.ts';
import type { LimitSpend } from '../../src/domain/limit-spend.ts';
import { DAY_MS, WEEK_MS } from '../../src/killswitch/standing.ts';
import {
  expireDraft,
  judgeClear,
  judgeEscalation,
  judgeTrip,
  reassertDraft,
  renewDraft,
  type TripFacts,
  takesIn,
} from '../../src/killswitch/transition.ts';
import {
  ANNA,
  byOperator,
  byRule,
  clearing,
  GLOBAL,
  HOUR,
  MINUTE,
  SENTINEL,
  session,
  stateWith,
  tenant,
  tool,
} from '../conformance/kill-store/harness.ts';
import { bookOf } from './book.ts';

const NOW = 1_700_000_000_000;
const ACME = tenant('acme');
const standing = (overrides: Partial<KillState> = {}) =>
  stateWith({ version: 1, mode: 'disable_writes', at: NOW, ...overrides });

const facts = (overrides: Partial<TripFacts> = {}): TripFacts => ({
  ...{ now: NOW, standing: null, repeated: false, initialised: true, outboxFull: null, book: bookOf() },
  ...overrides,
});

const flips: LimitSpend = { name: 'tenant_flips', max: 1, perMs: MINUTE, concerns: 'all' };
const kills: LimitSpend = { name: 'session_kills:acme', max: 1, perMs: MINUTE, concerns: 'tenant' };
const escalation = { ttlMs: HOUR, reason: 'too many', limits: [flips] };
const spentFlips = bookOf({ tenant_flips: [NOW] });
const spentKills = bookOf({ 'session_kills:acme': [NOW] });

describe('the ladder', () => {
  const fresh = { evidenceAppendedAt: NOW };
  const rule = (automation: Parameters<typeof byRule>[1] = fresh) => byRule(ACME, { ...fresh, ...automation });
  /** Every rung is reached though all rungs below it hold too. */
  const everything = {
    ...{ standing: standing({ fence: NOW, hold_until: NOW + 1 }), outboxFull: 9, book: spentFlips },
  };
  const rungs: [law: string, request: ReturnType<typeof byRule>, facts: TripFacts, verdict: string][] = [
    [
      'what was applied is repeated before all',
      rule(),
      facts({ ...everything, repeated: true, initialised: false }),
      'repeated',
    ],
    ['automation needs an epoch', rule(), facts({ ...everything, initialised: false }), 'store_uninitialised'],
    [
      'evidence older than 7 days never acts',
      rule({ evidenceAppendedAt: NOW - WEEK_MS - 1 }),
      facts(everything),
      'evidence_too_old',
    ],
    ['evidence of exactly 7 days ago still acts', rule({ evidenceAppendedAt: NOW - WEEK_MS }), facts(), 'change'],
    ['evidence at the fence never acts', rule(), facts(everything), 'fence'],
    [
      'evidence after the fence acts',
      rule(),
      facts({ standing: standing({ mode: 'none', fence: NOW - 1 }) }),
      'change',
    ],
    ['a hold keeps off', rule(), facts({ ...everything, standing: standing({ hold_until: NOW + 1 }) }), 'hold'],
    [
      'a hold that ends now keeps off no more',
      rule(),
      facts({ standing: standing({ mode: 'none', hold_until: NOW }) }),
      'change',
    ],
    [
      'its own switch, put back in a store that has forgotten the decision, gets its record',
      byRule(ACME, fresh, { decisionId: 'lost', ttlMs: HOUR }),
      facts({ standing: standing({ decision_id: 'lost' }), outboxFull: 9, book: spentFlips }),
      'change',
    ],
    ['what changes nothing comes before bounds', rule(), facts({ ...everything, standing: standing() }), 'unchanged'],
    ['a full outbox holds', rule({ limits: [flips] }), facts({ ...everything, standing: null }), 'outbox_full'],
    ['a spent limit holds', rule({ limits: [flips] }), facts({ book: spentFlips }), 'limit'],
    ['a held limit holds', rule({ limits: [flips] }), facts({ book: bookOf({}, ['tenant_flips']) }), 'not_armed'],
    [
      'a tenant’s spent limit without escalation holds',
      rule({ limits: [kills] }),
      facts({ book: spentKills }),
      'limit',
    ],
    [
      'a tenant’s spent limit escalates',
      rule({ limits: [kills], escalation }),
      facts({ book: spentKills }),
      'escalate',
    ],
    [
      'of what concerns nobody alone, nothing escalates',
      byRule(GLOBAL, { ...fresh, limits: [kills], escalation }),
      facts({ book: spentKills }),
      'limit',
    ],
    ['otherwise it changes something', rule({ limits: [flips] }), facts(), 'change'],
  ];
  test.each(rungs)('%s', (_law, request, given, verdict) => {
    const ruling = judgeTrip(request, given);
    expect(ruling.status === 'refused' ? ruling.code : ruling.status).toBe(verdict);
  });

  test('an operator climbs three rungs only', () => {
    const bare = facts({ ...everything, initialised: false, standing: standing({ mode: 'none', fence: NOW }) });
    expect(judgeTrip(byOperator(ACME), bare)).toMatchObject({ status: 'change', spends: [] });
    expect(judgeTrip(byOperator(ACME), { ...bare, repeated: true }).status).toBe('repeated');
    expect(judgeTrip(byOperator(ACME), { ...bare, standing: standing() }).status).toBe('unchanged');
  });

  test('only the limit that is reached now is told, once', () => {
    const request = rule({ limits: [flips] });
    expect(judgeTrip(request, facts({ book: spentFlips }))).toMatchObject({ reached: { name: 'tenant_flips' } });
    expect(judgeTrip(request, facts({ book: bookOf({}, ['tenant_flips']) }))).not.toHaveProperty('reached');
  });
});

describe('what a trip wants to stand', () => {
  const draft = (...args: Parameters<typeof judgeTrip>) => {
    const ruling = judgeTrip(...args);
    return ruling.status === 'change' ? ruling.draft : ruling.status;
  };

  test('a session is terminated for 7 days, a tool disabled, a switch without a mode stopped whole', () => {
    const of = (scope: Parameters<typeof byOperator>[0], mode: 'stop_new_runs' | null) =>
      draft(byOperator(scope, { mode }), facts());
    expect(of(session('acme', 's'), 'stop_new_runs')).toMatchObject({ mode: 'stop_all', expires_at: NOW + WEEK_MS });
    expect(of(tool(null, 'x'), null)).toMatchObject({ mode: 'disabled', expires_at: null });
    expect(of(ACME, null)).toMatchObject({ mode: 'stop_all', expires_at: null });
  });

  test.each([
    { left: WEEK_MS - DAY_MS, verdict: 'unchanged' },
    { left: WEEK_MS - DAY_MS - 1, verdict: 'change' },
    { left: null, verdict: 'unchanged' },
  ])('a session killed again with $left ms left is $verdict', ({ left, verdict }) => {
    const killed = standing({ mode: 'stop_all', expires_at: left === null ? null : NOW + left });
    expect(judgeTrip(byOperator(session('a', 's')), facts({ standing: killed })).status).toBe(verdict);
  });

  test('fence and hold are carried through', () => {
    const held = standing({ mode: 'none', fence: 5, hold_until: 6 });
    expect(draft(byOperator(ACME), facts({ standing: held }))).toMatchObject({ fence: 5, hold_until: 6 });
  });

  test('a replacement goes down with a fence, and up without', () => {
    const replace = (mode: 'stop_all' | 'stop_new_runs', from: KillState['mode']) =>
      draft(byOperator(ACME, { mode, replace: true, ttlMs: MINUTE }), facts({ standing: standing({ mode: from }) }));
    expect(replace('stop_new_runs', 'stop_all')).toMatchObject({ mode: 'stop_new_runs', fence: NOW });
    expect(replace('stop_new_runs', 'disable_writes')).toMatchObject({ fence: NOW });
    expect(replace('stop_all', 'stop_new_runs')).toMatchObject({ fence: null, expires_at: NOW + MINUTE });
    expect(replace('stop_new_runs', 'none')).toMatchObject({ fence: null });
  });
});

describe('an escalation', () => {
  const request = byRule(session('acme', 's'), { evidenceAppendedAt: NOW, limits: [kills], escalation });
  const judge = (given: Partial<TripFacts> = {}) => judgeEscalation(request, 'spent', facts(given));

  test('disables the tenant’s writes under the same decision, and spends its own limits', () => {
    expect(judge()).toMatchObject({
      status: 'change',
      draft: {
        ...{ mode: 'disable_writes', reason: 'too many', decision_id: request.decisionId, expires_at: NOW + HOUR },
      },
      spends: [{ name: 'tenant_flips' }],
    });
  });

  test.each([
    ['writes are off already', { standing: standing({ expires_at: NOW + 1 }) }, 'limit'],
    ['all is stopped already', { standing: standing({ mode: 'stop_all' }) }, 'limit'],
    ['writes were off until now', { standing: standing({ expires_at: NOW }) }, 'change'],
    ['new runs are stopped already', { standing: standing({ mode: 'stop_new_runs' }) }, 'change'],
    ['a fence is newer than the evidence', { standing: standing({ mode: 'none', fence: NOW }) }, 'limit'],
    ['a hold keeps off', { standing: standing({ mode: 'none', hold_until: NOW + 1 }) }, 'limit'],
    ['its own limit is spent', { book: spentFlips }, 'limit'],
    ['its own limit holds', { book: bookOf({}, ['tenant_flips']) }, 'not_armed'],
  ] as [string, Partial<TripFacts>, string][])('where %s: %#', (_law, given, verdict) => {
    const ruling = judge(given);
    expect(ruling.status === 'refused' ? ruling.code : ruling.status).toBe(verdict);
  });

  test('that reaches its own limit trips it', () => {
    expect(judge({ book: spentFlips })).toMatchObject({ reached: { name: 'tenant_flips' } });
  });
});

describe('a restore', () => {
  const clear = (given: Partial<TripFacts>, holdMs: number | null = null) =>
    judgeClear(clearing(ACME, { holdMs }), facts(given));

  test('leaves a fence and nothing of what stood but a hold', () => {
    const before = standing({ expires_at: NOW + HOUR, hold_until: 7, rule: 'Burn', in_flight: 'cancel' });
    expect(clear({ standing: before })).toMatchObject({
      draft: { mode: 'none', rule: null, expires_at: null, in_flight: null, fence: NOW, hold_until: 7, actor: ANNA },
    });
    expect(clear({ standing: before }, MINUTE)).toMatchObject({ draft: { hold_until: NOW + MINUTE } });
  });

  test('of what is not tripped is nothing, but for a hold; repeated, it is repeated', () => {
    expect(clear({}).status).toBe('unchanged');
    expect(clear({ standing: standing({ mode: 'none' }) }).status).toBe('unchanged');
    expect(clear({}, MINUTE).status).toBe('change');
    expect(clear({ standing: standing(), repeated: true }).status).toBe('repeated');
  });
});

describe('what time does', () => {
  test('expiry comes at its ms and not before, leaves a fence, and is told as such', () => {
    const ends = standing({ expires_at: NOW, in_flight: 'cancel', hold_until: 3 });
    expect(expireDraft(ends, NOW - 1, NOW, SENTINEL)).toBeNull();
    expect(expireDraft(ends, NOW, NOW + 5, SENTINEL)).toMatchObject({
      ...{ mode: 'none', fence: NOW + 5, expires_at: null, in_flight: null, hold_until: 3 },
      reason: `Expired (was: ${ends.reason})`,
    });
    for (const other of [null, standing(), standing({ mode: 'none', expires_at: NOW })]) {
      expect(expireDraft(other, NOW, NOW, SENTINEL)).toBeNull();
    }
  });

  test('a session is renewed a day after its last change, and never shortened', () => {
    const killed = (overrides: Partial<KillState>) =>
      standing({ mode: 'stop_all', at: NOW - DAY_MS, expires_at: NOW + HOUR, ...overrides });
    const scope = session('a', 's');
    expect(renewDraft(scope, killed({}), NOW, SENTINEL)).toMatchObject({ expires_at: NOW + WEEK_MS });
    expect(renewDraft(scope, killed({ at: NOW - DAY_MS + 1 }), NOW, SENTINEL)).toBeNull();
    expect(renewDraft(scope, killed({ expires_at: null }), NOW, SENTINEL)).toBeNull();
    expect(renewDraft(scope, killed({ expires_at: NOW + 2 * WEEK_MS }), NOW, SENTINEL)).toBeNull();
    expect(renewDraft(scope, killed({ mode: 'none' }), NOW, SENTINEL)).toBeNull();
    expect(renewDraft(ACME, killed({}), NOW, SENTINEL)).toBeNull();
  });
});

describe('what is known elsewhere', () => {
  test('is added where it is newer and tripped, with the fence and hold of the scope, or its own where none is known', () => {
    const known = stateWith({ version: 5, mode: 'stop_new_runs', expires_at: NOW, fence: 99 });
    const here = standing({ version: 4, expires_at: NOW + HOUR, fence: 3 });
    expect(reassertDraft(here, known, SENTINEL)).toMatchObject({
      ...{ mode: 'stop_new_runs,disable_writes', expires_at: NOW + HOUR, fence: 3, actor: SENTINEL },
    });
    expect(reassertDraft(null, known, SENTINEL)).toMatchObject({ mode: 'stop_new_runs', fence: 99 });
    expect(reassertDraft(standing({ version: 5 }), known, SENTINEL)).toBeNull();
    expect(reassertDraft(here, { ...known, mode: 'none' }, SENTINEL)).toBeNull();
  });

  test('from the topic stands in a store that is rebuilt where its version is greater', () => {
    expect(takesIn(null, standing())).toBe(true);
    expect(takesIn(standing({ version: 4 }), standing({ version: 5, mode: 'none' }))).toBe(true);
    expect(takesIn(standing({ version: 5 }), standing({ version: 5 }))).toBe(false);
  });
});
