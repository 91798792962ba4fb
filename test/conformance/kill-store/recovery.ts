import { describe, expect, test } from 'vitest';
import {
  ANNA,
  applied,
  byOperator,
  byRule,
  byRuleNow,
  clearing,
  GLOBAL,
  HOUR,
  MINUTE,
  modeOf,
  notes,
  SENTINEL,
  session,
  stateOf,
  stateWith,
  tenant,
  tool,
  verdictOf,
  WEEK,
} from './harness.ts';
import type { Fixture } from './laws.ts';

/** New, wiped and rolled-back stores: absence never lifts a kill, and nothing goes down by recovering. */
export function recoveryLaws({ fresh, bare }: Fixture): void {
  describe('a store without an epoch', () => {
    test('refuses automation, and lets operators trip and restore, visibly', async () => {
      const harness = await bare();
      expect(await harness.store.epoch()).toBeNull();
      expect(verdictOf(await harness.store.trip(await byRuleNow(harness, GLOBAL)))).toBe('store_uninitialised');
      const state = applied(await harness.store.trip(byOperator(tenant('acme'))));
      expect(state.epoch).toBe('');
      expect(await harness.byHand.get('agent_kill_tenant:acme')).toBe('disable_writes');
      expect(await harness.store.poll({ sinceVersion: 0, tenants: [], sessions: [] })).toMatchObject({
        ...{ epoch: null, changes: [{ scope: 'tenant:acme', state }] },
      });
      expect(verdictOf(await harness.store.clear(clearing(tenant('acme'))))).toBe('applied');
    });

    test('is what a wiped store is, also after one new kill', async () => {
      const harness = await fresh();
      const before = applied(await harness.store.trip(byOperator(tenant('acme'))));
      await harness.wipe();
      // Nothing but the clock is left to tell the new version from the lost one.
      harness.advance(1);
      const after = applied(await harness.store.trip(byOperator(tenant('other'))));
      expect(after.version).toBeGreaterThan(before.version);
      expect(await harness.store.epoch()).toBeNull();
      expect((await harness.store.entries(null, 1))[0]?.previous).toBeNull();
    });
  });

  describe('initialise', () => {
    test('puts states, flags and sets as they were, and writes a new epoch', async () => {
      const harness = await bare();
      const at = await harness.store.time();
      const states = [
        { scope: 'global', state: stateWith({ version: 5, mode: 'disable_writes', at }) },
        {
          scope: 'tenant:a:b',
          state: stateWith({ version: 6, mode: 'none', fence: at - 5, hold_until: at + HOUR, at }),
        },
        { scope: 'session:a%3Ab:s', state: stateWith({ version: 7, at, expires_at: at + HOUR }) },
        { scope: 'tool:a%3Ab:x', state: stateWith({ version: 8, mode: 'disabled', at }) },
      ];
      const epoch = await harness.store.initialise(states, SENTINEL);
      expect(epoch).not.toBe('');
      expect(await harness.store.epoch()).toBe(epoch);
      expect(await harness.store.changesSince(0, 10)).toEqual(states);
      expect(await harness.byHand.get('agent_kill_global')).toBe('disable_writes');
      expect(await harness.byHand.get('agent_kill_tenant:a:b')).toBeNull();
      expect(await harness.byHand.get('agent_kill_session:a%3Ab:s')).toBe('stop_all');
      expect(await harness.byHand.members('agent_disabled_tools:a:b')).toEqual(['x']);
      expect(await harness.store.entries(null, 10)).toEqual([]);
      expect(await harness.store.initialise(states, SENTINEL)).not.toBe(epoch);
    });

    test('keeps what such states say: expiries end, fences and holds refuse', async () => {
      const harness = await bare();
      const at = await harness.store.time();
      await harness.store.initialise(
        [
          { scope: 'global', state: stateWith({ version: 5, at, expires_at: at + HOUR }) },
          { scope: 'tenant:fenced', state: stateWith({ version: 6, mode: 'none', fence: at, at }) },
          { scope: 'tenant:held', state: stateWith({ version: 7, mode: 'none', hold_until: at + HOUR, at }) },
        ],
        SENTINEL,
      );
      expect(verdictOf(await harness.store.trip(byRule(tenant('fenced'), { evidenceAppendedAt: at })))).toBe('fence');
      expect(verdictOf(await harness.store.trip(await byRuleNow(harness, tenant('held'))))).toBe('hold');
      harness.advance(HOUR);
      expect((await harness.store.expire(at + HOUR, SENTINEL)).map((each) => each.scope)).toEqual(['global']);
      harness.advance(WEEK - MINUTE);
      expect([...(await harness.store.sweep(10))].sort()).toEqual(['tenant:fenced', 'tenant:held']);
    });

    test('takes in what the topic does not have yet, as it waits in the outbox', async () => {
      const harness = await bare();
      const stopped = applied(await harness.store.trip(byOperator(tenant('acme'))));
      await harness.store.clear(clearing(tenant('acme')));
      // The index has forgotten the restore; its record waits still.
      harness.advance(2 * WEEK);
      expect(await harness.store.sweep(10)).toEqual(['tenant:acme']);
      await harness.store.initialise([{ scope: 'tenant:acme', state: stopped }], SENTINEL);
      expect(await modeOf(harness, tenant('acme'))).toBe('none');
    });

    test('the greatest version of a scope wins, down as well as up', async () => {
      const harness = await bare();
      const low = applied(await harness.store.trip(byOperator(tenant('topic-older'))));
      const high = applied(await harness.store.trip(byOperator(tenant('topic-newer'))));
      await harness.store.initialise(
        [
          { scope: 'tenant:topic-older', state: stateWith({ version: low.version - 1, mode: 'none' }) },
          { scope: 'tenant:topic-newer', state: stateWith({ version: high.version + 1, mode: 'none', at: high.at }) },
          { scope: 'tenant:twice', state: stateWith({ version: 3, mode: 'stop_all', at: high.at }) },
          { scope: 'tenant:twice', state: stateWith({ version: 2, mode: 'none', at: high.at }) },
        ],
        SENTINEL,
      );
      expect(await modeOf(harness, tenant('topic-older'))).toBe('disable_writes');
      expect(await modeOf(harness, tenant('topic-newer'))).toBe('none');
      expect(await harness.byHand.get('agent_kill_tenant:topic-newer')).toBeNull();
      expect(await modeOf(harness, tenant('twice'))).toBe('stop_all');
    });

    test('later versions are greater than all that it took in', async () => {
      const harness = await bare();
      const version = ((await harness.store.time()) + HOUR) * 1000;
      await harness.store.initialise([{ scope: 'tenant:a', state: stateWith({ version }) }], SENTINEL);
      expect(applied(await harness.store.trip(byOperator(GLOBAL))).version).toBe(version + 1);
    });

    test('what was set by hand on the wiped store is adopted upon the states', async () => {
      const harness = await bare();
      await harness.byHand.set('agent_kill_global', 'stop_new_runs');
      const states = [{ scope: 'global', state: stateWith({ version: 5, mode: 'stop_all' }) }];
      await harness.store.initialise(states, SENTINEL);
      expect(await modeOf(harness, GLOBAL)).toBe('stop_new_runs');
      expect(await harness.byHand.get('agent_kill_global')).toBe('stop_new_runs');
      expect(await notes(harness)).toMatchObject([{ type: 'switch.tripped', before: 'stop_all' }]);
    });

    test('what was set by hand on scopes that no state is of is adopted, too', async () => {
      const harness = await bare();
      await harness.byHand.set('agent_kill_tenant:a', '1');
      await harness.byHand.sadd('agent_disabled_tools', 'x');
      await harness.store.initialise([], SENTINEL);
      expect(await modeOf(harness, tenant('a'))).toBe('disable_writes');
      expect(await modeOf(harness, tool(null, 'x'))).toBe('disabled');
    });

    test('remembers what was decided: applied again, it changes nothing and leaves no record', async () => {
      const harness = await fresh();
      const request = await byRuleNow(harness, session('a', 's'));
      const state = applied(await harness.store.trip(request));
      await harness.wipe();
      await harness.store.initialise([{ scope: 'session:a:s', state }], SENTINEL);
      expect(verdictOf(await harness.store.trip(request))).toBe('repeated');
      expect(await notes(harness)).toEqual([]);
    });

    test('holds the limits that held', async () => {
      const harness = await bare();
      const limit = { name: 'tenant_flips', at: 5, detail: 'tenant_flips: "3" per 10m are spent' };
      await harness.store.initialise([], SENTINEL, [limit]);
      expect(await harness.store.trippedLimits()).toEqual([limit]);
      const flips = { name: 'tenant_flips', max: 3, perMs: MINUTE, concerns: 'all' } as const;
      const flip = async () => verdictOf(await harness.store.trip(await byRuleNow(harness, tenant('a'), {}, [flips])));
      expect(await flip()).toBe('not_armed');
      expect(await harness.store.rearm(null, ANNA)).toEqual(['tenant_flips']);
      expect(await flip()).toBe('applied');
    });

    test('lets automation act', async () => {
      const harness = await fresh();
      expect(verdictOf(await harness.store.trip(await byRuleNow(harness, GLOBAL)))).toBe('applied');
    });
  });

  describe('re-asserting', () => {
    test('puts back what the store has not, as a new version on record', async () => {
      const harness = await fresh();
      const version = ((await harness.store.time()) + HOUR) * 1000;
      const known = stateWith({ version, mode: 'disable_writes', rule: 'Burn' });
      const changes = await harness.store.reassert([{ scope: 'tenant:a', state: known }], SENTINEL);
      const state = await stateOf(harness, tenant('a'));
      expect(changes).toEqual([{ scope: 'tenant:a', state }]);
      expect(state).toEqual({
        ...{ ...known, actor: SENTINEL, version: version + 1, at: state?.at, epoch: await harness.store.epoch() },
      });
      expect(await harness.byHand.get('agent_kill_tenant:a')).toBe('disable_writes');
      expect(await notes(harness)).toMatchObject([{ type: 'switch.reasserted', subject: known.decision_id }]);
    });

    test('leaves the record of a lost decision to that decision: made again it changes nothing else, and spends nothing', async () => {
      const harness = await fresh();
      const kills = { name: 'session_kills:a', max: 1, perMs: MINUTE, concerns: 'tenant' } as const;
      const request = await byRuleNow(harness, session('a', 's'), { ttlMs: HOUR }, [kills]);
      const known = applied(await harness.store.trip(request));
      await harness.wipe();
      await harness.store.initialise([], SENTINEL);
      await harness.store.reassert([{ scope: 'session:a:s', state: known }], ANNA);
      harness.advance(MINUTE / 2);
      const again = applied(await harness.store.trip(request));
      expect({ ...again, version: 0, at: 0 }).toEqual({ ...known, version: 0, at: 0, epoch: again.epoch });
      expect((await notes(harness)).map(({ type, subject }) => [type, subject])).toEqual([
        ['switch.reasserted', request.decisionId],
        ['session.terminated', request.decisionId],
      ]);
      expect(verdictOf(await harness.store.trip(request))).toBe('repeated');
      const other = await byRuleNow(harness, session('a', 'other'), {}, [kills]);
      expect(verdictOf(await harness.store.trip(other))).toBe('applied');
    });

    test('never goes down, and never below what is newer', async () => {
      const harness = await fresh();
      const tripped = applied(await harness.store.trip(byOperator(tenant('a'), { mode: 'stop_all' })));
      await harness.store.trip(byOperator(tenant('b')));
      const cleared = applied(await harness.store.clear(clearing(tenant('b'))));
      const states = [
        { scope: 'tenant:a', state: stateWith({ version: tripped.version + 1, mode: 'none' }) },
        { scope: 'tenant:b', state: stateWith({ version: cleared.version - 1 }) },
        { scope: 'tenant:b', state: stateWith({ version: cleared.version }) },
        { scope: 'tenant:c', state: stateWith({ version: 1, mode: 'none' }) },
      ];
      expect(await harness.store.reassert(states, SENTINEL)).toEqual([]);
      expect(await modeOf(harness, tenant('a'))).toBe('stop_all');
      expect(await modeOf(harness, tenant('b'))).toBe('none');
    });

    test('joins a newer state with what stands, and keeps the scope’s fence and hold', async () => {
      const harness = await fresh();
      const { fence, hold_until } = applied(await harness.store.clear(clearing(tenant('a'), { holdMs: HOUR })));
      const standing = applied(
        await harness.store.trip(byOperator(tenant('a'), { mode: 'stop_new_runs', ttlMs: HOUR })),
      );
      const newer = stateWith({ version: standing.version + 1, mode: 'disable_writes', expires_at: standing.at });
      await harness.store.reassert([{ scope: 'tenant:a', state: newer }], SENTINEL);
      expect(await stateOf(harness, tenant('a'))).toMatchObject({
        ...{ mode: 'stop_new_runs,disable_writes', expires_at: standing.expires_at, fence, hold_until },
      });
    });

    test('keeps the fence and hold of a state that the store knows nothing of', async () => {
      const harness = await fresh();
      const known = stateWith({ version: 5, mode: 'stop_all', fence: 3, hold_until: 99 });
      await harness.store.reassert([{ scope: 'tenant:a', state: known }], SENTINEL);
      expect(await stateOf(harness, tenant('a'))).toMatchObject({ fence: 3, hold_until: 99 });
    });

    test('is due for scopes of which no state is left; a cleared one is a state', async () => {
      const harness = await fresh();
      await harness.store.trip(byOperator(tenant('a')));
      await harness.store.trip(byOperator(tenant('b')));
      await harness.store.clear(clearing(tenant('b')));
      expect(await harness.store.forgotten(['tenant:a', 'tenant:b', 'tenant:c'])).toEqual(['tenant:c']);
      expect(await harness.store.forgotten([])).toEqual([]);
      await harness.wipe();
      expect(await harness.store.forgotten(['tenant:a', 'tenant:b'])).toEqual(['tenant:a', 'tenant:b']);
    });

    test('takes sessions and tools', async () => {
      const harness = await fresh();
      const states = [
        { scope: 'session:a%3Ab:s', state: stateWith({ version: 1 }) },
        { scope: 'tool:a%3Ab:x', state: stateWith({ version: 1, mode: 'disabled' as const }) },
      ];
      expect(await harness.store.reassert(states, ANNA)).toHaveLength(2);
      expect(await modeOf(harness, session('a:b', 's'))).toBe('stop_all');
      expect(await modeOf(harness, tool('a:b', 'x'))).toBe('disabled');
    });
  });
}
