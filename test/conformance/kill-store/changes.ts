import { describe, expect, test } from 'vitest';
import { joinModes } from '../../../src/domain/mode.ts';
import { type Scope, scopeText } from '../../../src/domain/scope.ts';
import { flagKey, killKeys } from '../../../src/killswitch/keys.ts';
import {
  ALL_MODES,
  applied,
  byOperator,
  byRule,
  byRuleNow,
  clearing,
  EVIDENCE,
  GLOBAL,
  HOUR,
  MINUTE,
  modeOf,
  session,
  stateOf,
  tenant,
  tool,
  verdictOf,
  WEEK,
} from './harness.ts';
import type { Fixture } from './laws.ts';

const keys = killKeys();

/** Trips and restores of one scope: what is added, what goes down, what changes nothing. */
export function changeLaws(fixture: Fixture): void {
  const { fresh } = fixture;

  describe('a trip', () => {
    const switched: Scope[] = [GLOBAL, tenant('acme'), tenant('a:b%3A*ü🛑')];
    test.each(switched.flatMap((scope) => ALL_MODES.map((mode) => ({ scope, mode }))))(
      'of $scope to $mode stands in flag and index alike',
      async ({ scope, mode }) => {
        const harness = await fresh();
        const outcome = await harness.store.trip(byOperator(scope, { mode }));
        expect(outcome).toMatchObject({ status: 'applied', scope, before: null, escalated: false, state: { mode } });
        expect(await harness.byHand.get(flagKey(keys, scope))).toBe(mode);
        expect(await harness.byHand.px(flagKey(keys, scope))).toBeNull();
        expect(await harness.store.read([scope])).toEqual([
          { scope, state: applied(outcome), byHand: null, forgotten: false },
        ]);
      },
    );

    test('of a session terminates it for 7 days, whatever mode was said', async () => {
      const harness = await fresh();
      for (const [name, mode] of [...ALL_MODES, null].map((each) => [`s:%*${each}`, each] as const)) {
        const state = applied(await harness.store.trip(byOperator(session('a:b%', name), { mode })));
        expect(state).toMatchObject({ mode: 'stop_all', expires_at: state.at + WEEK });
        expect(await harness.byHand.get(flagKey(keys, session('a:b%', name)))).toBe('stop_all');
      }
    });

    test('of a session for a time lasts that time', async () => {
      const state = applied(await (await fresh()).store.trip(byOperator(session('acme', 's'), { ttlMs: 24 * HOUR })));
      expect(state.expires_at).toBe(state.at + 24 * HOUR);
    });

    test('of a tool puts its pattern into the set of its tenant, or of all', async () => {
      const harness = await fresh();
      for (const scope of [tool(null, 'email.*'), tool('a:b', 'x:y'), tool('a:b', 'db/write')]) {
        expect(applied(await harness.store.trip(byOperator(scope))).mode).toBe('disabled');
      }
      expect(await harness.byHand.members('agent_disabled_tools')).toEqual(['email.*']);
      expect([...(await harness.byHand.members('agent_disabled_tools:a:b'))].sort()).toEqual(['db/write', 'x:y']);
      expect(await modeOf(harness, tool('a:b', 'x:y'))).toBe('disabled');
      expect((await harness.store.disabledTools(['a:b', 'none'])).map(({ scope }) => scopeText(scope)).sort()).toEqual([
        'tool::email.*',
        'tool:a%3Ab:db/write',
        'tool:a%3Ab:x:y',
      ]);
    });

    test('leaves a state with exactly the keys of the contract, and every text and number as it came', async () => {
      const harness = await fresh();
      const reason = 'said "stop" \\ / \u2028 \u007f ü 🛑 \n <b>';
      const request = await byRuleNow(harness, tenant('acme'), { reason, rule: 'a/"b"', ttlMs: MINUTE });
      const state = applied(await harness.store.trip({ ...request, inFlight: 'cancel' }));
      expect(Object.keys(state)).toEqual([
        ...['mode', 'reason', 'actor', 'decision_id', 'rule', 'evidence', 'at', 'expires_at', 'version'],
        ...['in_flight', 'epoch', 'fence', 'hold_until'],
      ]);
      expect(state).toEqual({
        ...{ mode: 'disable_writes', reason, actor: request.actor, decision_id: request.decisionId },
        ...{ rule: 'a/"b"', evidence: EVIDENCE, at: state.at, expires_at: state.at + MINUTE, version: state.version },
        ...{ in_flight: 'cancel', epoch: await harness.store.epoch(), fence: null, hold_until: null },
      });
      expect(await stateOf(harness, tenant('acme'))).toEqual(state);
    });

    test('keeps evidence without positions', async () => {
      const harness = await fresh();
      const evidence = { ...EVIDENCE, events: [], window_ms: null };
      await harness.store.trip(await byRuleNow(harness, tenant('acme'), { evidence }));
      expect((await stateOf(harness, tenant('acme')))?.evidence).toEqual(evidence);
    });
  });

  describe('only adds', () => {
    test.each(ALL_MODES.flatMap((first) => ALL_MODES.map((second) => ({ first, second }))))(
      '$second upon $first gives both together, by rules and by operators',
      async ({ first, second }) => {
        const harness = await fresh();
        const both = joinModes(first, second);
        for (const scope of [tenant('rules'), tenant('people')]) {
          await harness.store.trip(byOperator(scope, { mode: first }));
          const request =
            scope === tenant('people')
              ? byOperator(scope, { mode: second })
              : await byRuleNow(harness, scope, { mode: second });
          expect(verdictOf(await harness.store.trip(request))).toBe(both === first ? 'unchanged' : 'applied');
          expect(await modeOf(harness, scope)).toBe(both);
          expect(await harness.byHand.get(flagKey(keys, scope))).toBe(both);
        }
      },
    );

    test('the later expiry stands, and none is the latest', async () => {
      const harness = await fresh();
      const trip = async (ttlMs: number | null) =>
        verdictOf(await harness.store.trip(await byRuleNow(harness, GLOBAL, { ttlMs })));
      expect(await trip(HOUR)).toBe('applied');
      expect(await trip(MINUTE)).toBe('unchanged');
      expect(await trip(2 * HOUR)).toBe('applied');
      expect(await trip(null)).toBe('applied');
      expect(await trip(3 * HOUR)).toBe('unchanged');
      expect((await stateOf(harness, GLOBAL))?.expires_at).toBeNull();
    });

    test('a stricter mode for a shorter time keeps the longer time', async () => {
      const harness = await fresh();
      const first = applied(await harness.store.trip(byOperator(GLOBAL, { mode: 'stop_new_runs', ttlMs: HOUR })));
      const second = applied(await harness.store.trip(byOperator(GLOBAL, { mode: 'stop_all', ttlMs: MINUTE })));
      expect(second).toMatchObject({ mode: 'stop_all', expires_at: first.expires_at });
    });

    test('calls in flight are only ever cancelled more', async () => {
      const harness = await fresh();
      const trip = async (mode: 'stop_all' | 'disable_writes', inFlight: 'finish' | 'cancel' | null) => {
        const outcome = await harness.store.trip(byOperator(GLOBAL, { mode, inFlight }));
        return [verdictOf(outcome), (await stateOf(harness, GLOBAL))?.in_flight];
      };
      expect(await trip('disable_writes', null)).toEqual(['applied', null]);
      expect(await trip('stop_all', 'finish')).toEqual(['applied', 'finish']);
      expect(await trip('disable_writes', null)).toEqual(['unchanged', 'finish']);
      expect(await trip('disable_writes', 'cancel')).toEqual(['applied', null]);
      expect(await trip('stop_all', 'finish')).toEqual(['unchanged', null]);
    });

    test('a terminated session is terminated again only to last longer, and its 7 days count once a day', async () => {
      const harness = await fresh();
      const kill = async (ttlMs: number | null) =>
        verdictOf(await harness.store.trip(await byRuleNow(harness, session('acme', 's'), { ttlMs })));
      expect(await kill(24 * HOUR)).toBe('applied');
      expect(await kill(null)).toBe('applied');
      harness.advance(HOUR);
      expect(await kill(24 * HOUR)).toBe('unchanged');
      expect(await kill(null)).toBe('unchanged');
      harness.advance(24 * HOUR);
      expect(await kill(null)).toBe('applied');
    });

    test('a tool that is disabled already stays as it is', async () => {
      const harness = await fresh();
      await harness.store.trip(byOperator(tool(null, 'x')));
      expect(verdictOf(await harness.store.trip(byOperator(tool(null, 'x'))))).toBe('unchanged');
    });
  });

  describe('an operator who replaces', () => {
    test('sets exactly this mode and expiry, downwards with a fence', async () => {
      const harness = await fresh();
      await harness.store.trip(byOperator(GLOBAL, { mode: 'stop_all' }));
      const request = byOperator(GLOBAL, { mode: 'stop_new_runs', ttlMs: MINUTE, replace: true });
      const state = applied(await harness.store.trip(request));
      expect(state).toMatchObject({ mode: 'stop_new_runs', expires_at: state.at + MINUTE, fence: state.at });
      expect(await harness.byHand.get('agent_kill_global')).toBe('stop_new_runs');
    });

    test('sideways or upwards leaves no fence, and changes nothing where nothing differs', async () => {
      const harness = await fresh();
      const replace = (mode: 'stop_new_runs' | 'stop_all') =>
        harness.store.trip(byOperator(GLOBAL, { mode, replace: true }));
      await replace('stop_new_runs');
      expect(applied(await replace('stop_all')).fence).toBeNull();
      expect(verdictOf(await replace('stop_all'))).toBe('unchanged');
    });
  });

  describe('a restore', () => {
    test('removes flag and member, keeps the state as cleared, and leaves its time as the fence', async () => {
      const harness = await fresh();
      for (const scope of [GLOBAL, tenant('acme'), session('acme', 's:1'), tool(null, 'x'), tool('acme', 'x')]) {
        const before = applied(await harness.store.trip(byOperator(scope)));
        const outcome = await harness.store.clear(clearing(scope));
        expect(outcome).toMatchObject({ status: 'applied', before, state: { mode: 'none', expires_at: null } });
        const state = await stateOf(harness, scope);
        expect(state).toMatchObject({ fence: state?.at, rule: null, evidence: null, reason: 'looked at it' });
        expect(state?.version).toBeGreaterThan(before.version);
      }
      expect(await harness.byHand.get('agent_kill_global')).toBeNull();
      expect(await harness.byHand.get('agent_kill_session:acme:s:1')).toBeNull();
      expect(await harness.byHand.members('agent_disabled_tools')).toEqual([]);
      expect(await harness.store.disabledTools(['acme'])).toEqual([]);
    });

    test('of what is not tripped changes nothing, unless it holds the automation off', async () => {
      const harness = await fresh();
      expect(await harness.store.clear(clearing(GLOBAL))).toEqual({ status: 'unchanged', state: null });
      const held = applied(await harness.store.clear(clearing(GLOBAL, { holdMs: MINUTE })));
      expect(held).toMatchObject({ mode: 'none', hold_until: held.at + MINUTE });
      expect(verdictOf(await harness.store.trip(await byRuleNow(harness, GLOBAL)))).toBe('hold');
    });

    test('lifts exactly its scope', async () => {
      const harness = await fresh();
      await harness.store.trip(byOperator(GLOBAL));
      await harness.store.trip(byOperator(tenant('acme')));
      await harness.store.clear(clearing(tenant('acme')));
      expect(await modeOf(harness, GLOBAL)).toBe('disable_writes');
    });
  });

  describe('a fence', () => {
    test('refuses evidence appended at or before it, and takes newer', async () => {
      const harness = await fresh();
      await harness.store.trip(byOperator(GLOBAL));
      const { fence } = applied(await harness.store.clear(clearing(GLOBAL)));
      const at = async (evidenceAppendedAt: number) =>
        verdictOf(await harness.store.trip(byRule(GLOBAL, { evidenceAppendedAt })));
      expect(await at((fence ?? 0) - 1)).toBe('fence');
      expect(await at(fence ?? 0)).toBe('fence');
      expect(await at((fence ?? 0) + 1)).toBe('applied');
      expect((await stateOf(harness, GLOBAL))?.fence).toBe(fence);
    });

    test('does not bind operators, and is carried through their changes', async () => {
      const harness = await fresh();
      await harness.store.trip(byOperator(GLOBAL));
      const { fence } = applied(await harness.store.clear(clearing(GLOBAL)));
      expect(applied(await harness.store.trip(byOperator(GLOBAL))).fence).toBe(fence);
    });

    test('of one scope is none of another', async () => {
      const harness = await fresh();
      await harness.store.trip(byOperator(tenant('acme')));
      const { at } = applied(await harness.store.clear(clearing(tenant('acme'))));
      const other = byRule(session('acme', 's'), { evidenceAppendedAt: at });
      expect(verdictOf(await harness.store.trip(other))).toBe('applied');
    });
  });

  describe('a hold', () => {
    test('keeps automation off until it ends, and never an operator', async () => {
      const harness = await fresh();
      await harness.store.trip(byOperator(tenant('acme')));
      await harness.store.clear(clearing(tenant('acme'), { holdMs: 30 * MINUTE }));
      harness.advance(30 * MINUTE - 5_000);
      expect(verdictOf(await harness.store.trip(await byRuleNow(harness, tenant('acme'))))).toBe('hold');
      expect(verdictOf(await harness.store.trip(byOperator(tenant('acme'))))).toBe('applied');
      await harness.store.clear(clearing(tenant('acme')));
      expect(verdictOf(await harness.store.trip(await byRuleNow(harness, tenant('acme'))))).toBe('hold');
      harness.advance(5_001);
      expect(verdictOf(await harness.store.trip(await byRuleNow(harness, tenant('acme'))))).toBe('applied');
    });

    test('of a later restore replaces an earlier one', async () => {
      const harness = await fresh();
      await harness.store.clear(clearing(GLOBAL, { holdMs: HOUR }));
      const state = applied(await harness.store.clear(clearing(GLOBAL, { holdMs: MINUTE })));
      expect(state.hold_until).toBe(state.at + MINUTE);
    });
  });

  describe('a decision id', () => {
    test('that was applied changes nothing again for 7 days', async () => {
      const harness = await fresh();
      const request = await byRuleNow(harness, GLOBAL, { ttlMs: MINUTE });
      const state = applied(await harness.store.trip(request));
      expect(await harness.store.trip(request)).toEqual({ status: 'repeated', state });
      const restore = clearing(GLOBAL);
      const cleared = applied(await harness.store.clear(restore));
      expect(await harness.store.clear(restore)).toEqual({ status: 'repeated', state: cleared });
      harness.advance(WEEK - MINUTE);
      expect(await harness.store.trip(request)).toEqual({ status: 'repeated', state: cleared });
      harness.advance(2 * MINUTE);
      const { decisionId } = request;
      expect(verdictOf(await harness.store.trip(byOperator(GLOBAL, { decisionId })))).toBe('applied');
    });

    test('that was refused or changed nothing may be tried again', async () => {
      const harness = await fresh();
      await harness.store.clear(clearing(GLOBAL, { holdMs: MINUTE }));
      const held = byRule(GLOBAL, { evidenceAppendedAt: (await harness.store.time()) + 1 });
      expect(verdictOf(await harness.store.trip(held))).toBe('hold');
      harness.advance(MINUTE);
      expect(verdictOf(await harness.store.trip(held))).toBe('applied');

      const late = await byRuleNow(harness, GLOBAL);
      expect(verdictOf(await harness.store.trip(late))).toBe('unchanged');
      await harness.store.clear(clearing(GLOBAL));
      const again = {
        ...late,
        automation: { ...late.automation!, evidenceAppendedAt: (await harness.store.time()) + 1 },
      };
      expect(verdictOf(await harness.store.trip(again))).toBe('applied');
    });
  });

  test('evidence older than 7 days never acts; an operator needs none', async () => {
    const harness = await fresh();
    const now = await harness.store.time();
    const old = byRule(GLOBAL, { evidenceAppendedAt: now - WEEK - 1 });
    expect(verdictOf(await harness.store.trip(old))).toBe('evidence_too_old');
    expect(verdictOf(await harness.store.trip(byRule(GLOBAL, { evidenceAppendedAt: now - WEEK + MINUTE })))).toBe(
      'applied',
    );
  });

  describe('a version', () => {
    test('grows with every change of any scope, and is at least the store time in µs', async () => {
      const harness = await fresh();
      let last = (await harness.store.time()) * 1000 - 1;
      for (let change = 0; change < 20; change += 1) {
        const scope = tenant(`t${change % 3}`);
        const outcome = await (change % 6 < 3
          ? harness.store.trip(byOperator(scope))
          : harness.store.clear(clearing(scope)));
        expect(applied(outcome).version).toBeGreaterThan(last);
        last = applied(outcome).version;
      }
      expect((await harness.store.poll({ sinceVersion: 0, tenants: [], sessions: [] })).version).toBe(last);
    });

    test('is greater than what the caller knows, and all later ones too', async () => {
      const harness = await fresh();
      const knownVersion = ((await harness.store.time()) + HOUR) * 1000;
      expect(applied(await harness.store.trip(byOperator(GLOBAL, { knownVersion }))).version).toBe(knownVersion + 1);
      const later = applied(await harness.store.clear(clearing(GLOBAL, { knownVersion: knownVersion + 10 })));
      expect(later.version).toBe(knownVersion + 11);
      expect(applied(await harness.store.trip(byOperator(GLOBAL))).version).toBe(knownVersion + 12);
    });

    test('that a caller claims beyond all sense is not believed', async () => {
      const harness = await fresh();
      const knownVersion = Number.MAX_SAFE_INTEGER;
      const { version } = applied(await harness.store.trip(byOperator(GLOBAL, { knownVersion })));
      expect(version).toBeLessThan(((await harness.store.time()) + HOUR) * 1000);
    });
  });

  describe('simulate', () => {
    test('writes to shadow keys only, through the same judgement', async () => {
      const harness = await fresh();
      const limit = { name: 'tenant_flips', max: 1, perMs: MINUTE, concerns: 'all' as const };
      const request = await byRuleNow(harness, tenant('acme'), { simulate: true, mode: 'stop_all' }, [limit]);
      const outcome = await harness.store.trip(request);
      expect(outcome).toMatchObject({ status: 'simulated', state: { mode: 'stop_all', rule: 'Burn' } });
      expect(verdictOf(await harness.store.trip(request))).toBe('repeated');
      const shorter = await byRuleNow(harness, tenant('acme'), { simulate: true, ttlMs: MINUTE });
      expect(verdictOf(await harness.store.trip(shorter))).toBe('unchanged');
      const other = await byRuleNow(harness, tenant('other'), { simulate: true }, [limit]);
      expect(verdictOf(await harness.store.trip(other))).toBe('limit');

      expect((await harness.store.shadowStates(10)).map((each) => each.scope)).toEqual(['tenant:acme']);
      expect(await stateOf(harness, tenant('acme'))).toBeNull();
      expect(await harness.byHand.get('agent_kill_tenant:acme')).toBeNull();
      expect(await harness.store.changesSince(0, 10)).toEqual([]);
      expect(await harness.store.entries(null, 10)).toEqual([]);
      expect(await harness.store.trippedLimits()).toEqual([]);
      const real = await byRuleNow(harness, tenant('acme'), { decisionId: request.decisionId }, [limit]);
      expect(verdictOf(await harness.store.trip(real))).toBe('applied');
    });

    test('a shadow switch ends at its expiry by itself', async () => {
      const harness = await fresh();
      const simulated = async () =>
        verdictOf(await harness.store.trip(await byRuleNow(harness, GLOBAL, { simulate: true, ttlMs: MINUTE })));
      expect(await simulated()).toBe('simulated');
      harness.advance(MINUTE);
      expect(await simulated()).toBe('simulated');
    });

    test('fences and holds of the real scope refuse the simulated trip as well', async () => {
      const harness = await fresh();
      const { at } = applied(await harness.store.clear(clearing(GLOBAL, { holdMs: MINUTE })));
      const atFence = byRule(GLOBAL, { evidenceAppendedAt: at }, { simulate: true });
      expect(verdictOf(await harness.store.trip(atFence))).toBe('fence');
      expect(verdictOf(await harness.store.trip(await byRuleNow(harness, GLOBAL, { simulate: true })))).toBe('hold');
    });
  });
}
