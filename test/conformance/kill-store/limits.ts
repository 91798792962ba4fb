import { describe, expect, test } from 'vitest';
import type { LimitSpend } from '../../../src/domain/limit-spend.ts';
import type { Scope } from '../../../src/domain/scope.ts';
import type { Automation } from '../../../src/ports/kill-store.ts';
import {
  ANNA,
  applied,
  byOperator,
  byRuleNow,
  clearing,
  GLOBAL,
  type Harness,
  HOUR,
  MINUTE,
  modeOf,
  notes,
  session,
  stateOf,
  tenant,
  verdictOf,
} from './harness.ts';
import type { Fixture } from './laws.ts';

const kills = (max: number, owner = 'acme'): LimitSpend => ({
  ...{ name: `session_kills:${owner}`, max, perMs: MINUTE, concerns: 'tenant' },
});
const flips = (max: number): LimitSpend => ({ name: 'tenant_flips', max, perMs: 10 * MINUTE, concerns: 'all' });
const share = (atLeast: number, freePerTenant = 0, of = 0.1): LimitSpend => ({
  ...{ name: 'share', max: 0, perMs: 10 * MINUTE, concerns: 'all', freePerTenant, share: { of, atLeast } },
});
const escalation = (max = 3): Automation['escalation'] => ({
  ...{ ttlMs: 30 * MINUTE, reason: 'too many session kills of acme', limits: [flips(max)] },
});

/** The automation's own bounds, spent in the same step as the change. */
export function limitLaws({ fresh }: Fixture): void {
  let sessions = 0;
  /** A rule terminates one more session, or trips this scope; answers the verdict. */
  const act = async (
    harness: Harness,
    limits: readonly LimitSpend[],
    { scope, escalate = null }: { scope?: Scope; escalate?: Automation['escalation'] } = {},
  ) => {
    sessions += 1;
    const target = scope ?? session('acme', `s${sessions}`);
    return harness.store.trip(await byRuleNow(harness, target, { mode: 'stop_all' }, limits, escalate));
  };
  const verdict = async (...args: Parameters<typeof act>) => verdictOf(await act(...args));

  describe('a limit of one tenant', () => {
    test('is spent by what changes something, and frees itself with time', async () => {
      const harness = await fresh();
      expect(await verdict(harness, [kills(2)])).toBe('applied');
      harness.advance(40_000);
      expect(await verdict(harness, [kills(2)])).toBe('applied');
      expect(await verdict(harness, [kills(2)])).toBe('limit');
      harness.advance(21_000);
      expect(await verdict(harness, [kills(2)])).toBe('applied');
      expect(await verdict(harness, [kills(2)])).toBe('limit');
      expect(await harness.store.trippedLimits()).toEqual([]);
    });

    test('is not spent by what changes nothing, is repeated, or is refused', async () => {
      const harness = await fresh();
      const first = await byRuleNow(harness, session('acme', 'same'), {}, [kills(2)]);
      expect(verdictOf(await harness.store.trip(first))).toBe('applied');
      expect(verdictOf(await harness.store.trip(first))).toBe('repeated');
      expect(await verdict(harness, [kills(2)], { scope: session('acme', 'same') })).toBe('unchanged');
      await harness.store.clear(clearing(session('acme', 'held'), { holdMs: HOUR }));
      expect(await verdict(harness, [kills(2)], { scope: session('acme', 'held') })).toBe('hold');
      expect(await verdict(harness, [kills(2)])).toBe('applied');
    });

    test('does not bind operators, and does not count them', async () => {
      const harness = await fresh();
      for (const name of ['a', 'b', 'c']) await harness.store.trip(byOperator(session('acme', name)));
      expect(await verdict(harness, [kills(1)])).toBe('applied');
      expect(await verdict(harness, [kills(1)])).toBe('limit');
      expect(verdictOf(await harness.store.trip(byOperator(session('acme', 'd'))))).toBe('applied');
    });

    test('drops what it finds from the future: a clock that was set back holds nothing', async () => {
      const harness = await fresh();
      harness.advance(HOUR);
      expect(await verdict(harness, [kills(1)])).toBe('applied');
      harness.advance(-HOUR);
      expect(await verdict(harness, [kills(1)])).toBe('applied');
      expect(await verdict(harness, [kills(1)])).toBe('limit');
    });

    test('of another tenant is another limit', async () => {
      const harness = await fresh();
      expect(await verdict(harness, [kills(1, 'a')])).toBe('applied');
      expect(await verdict(harness, [kills(1, 'b')])).toBe('applied');
      expect(await verdict(harness, [kills(1, 'a')])).toBe('limit');
    });

    test('that is spent disables the writes of that tenant in the same step, under the same decision id', async () => {
      const harness = await fresh();
      await act(harness, [kills(1)], { escalate: escalation() });
      const request = await byRuleNow(harness, session('acme', 'next'), {}, [kills(1)], escalation());
      const outcome = await harness.store.trip(request);
      expect(outcome).toMatchObject({ status: 'applied', scope: tenant('acme'), escalated: true, before: null });
      const state = applied(outcome);
      expect(state).toMatchObject({
        ...{ mode: 'disable_writes', reason: 'too many session kills of acme', rule: 'Burn' },
        ...{ decision_id: request.decisionId, expires_at: state.at + 30 * MINUTE },
      });
      expect(await stateOf(harness, session('acme', 'next'))).toBeNull();
      expect(await harness.byHand.get('agent_kill_tenant:acme')).toBe('disable_writes');
      expect((await notes(harness)).at(-1)).toMatchObject({ type: 'switch.tripped', scope: 'tenant:acme' });
      expect(await harness.store.trip(request)).toMatchObject({ status: 'repeated' });
    });

    test('escalates once: while the writes are off, further kills are refused and spend nothing', async () => {
      const harness = await fresh();
      const one = { escalate: escalation(1) };
      expect(await verdict(harness, [kills(1)], one)).toBe('applied');
      expect(await act(harness, [kills(1)], one)).toMatchObject({ escalated: true });
      harness.advance(1_000);
      const state = await stateOf(harness, tenant('acme'));
      for (let more = 0; more < 5; more += 1) expect(await verdict(harness, [kills(1)], one)).toBe('limit');
      expect(await stateOf(harness, tenant('acme'))).toEqual(state);
      expect(await harness.store.trippedLimits()).toEqual([]);
      harness.advance(MINUTE);
      expect(await verdict(harness, [kills(1)], one)).toBe('applied');
    });

    test('escalates again once the time of the last escalation is over, cleared or not', async () => {
      const harness = await fresh();
      await act(harness, [kills(1)], { escalate: escalation() });
      await act(harness, [kills(1)], { escalate: escalation() });
      harness.advance(30 * MINUTE);
      await act(harness, [kills(1)], { escalate: escalation() });
      expect(await act(harness, [kills(1)], { escalate: escalation() })).toMatchObject({ escalated: true });
    });

    test('escalates only where the tenant’s own fence and hold let it', async () => {
      const harness = await fresh();
      await harness.store.clear(clearing(tenant('acme'), { holdMs: HOUR }));
      await act(harness, [kills(1)], { escalate: escalation() });
      expect(await verdict(harness, [kills(1)], { escalate: escalation() })).toBe('limit');
      expect(await modeOf(harness, tenant('acme'))).toBe('none');
    });

    test('adds the escalation to what stands', async () => {
      const harness = await fresh();
      await harness.store.trip(byOperator(tenant('acme'), { mode: 'stop_new_runs' }));
      await act(harness, [kills(1)], { escalate: escalation() });
      const state = applied(await act(harness, [kills(1)], { escalate: escalation() }));
      expect(state).toMatchObject({ mode: 'stop_new_runs,disable_writes', expires_at: null });
    });

    test('where the escalation’s own limit is spent, holds and pages', async () => {
      const harness = await fresh();
      for (const owner of ['a', 'b']) {
        const scope = (name: string) => ({ scope: session(owner, name), escalate: escalation(1) });
        await act(harness, [kills(1, owner)], scope('1'));
        const second = await act(harness, [kills(1, owner)], scope('2'));
        expect(verdictOf(second)).toBe(owner === 'a' ? 'applied' : 'limit');
      }
      expect(await stateOf(harness, tenant('b'))).toBeNull();
      expect((await harness.store.trippedLimits()).map((limit) => limit.name)).toEqual(['tenant_flips']);
    });
  });

  describe('a limit that concerns all', () => {
    test('trips when it is spent, is recorded once, and holds until it is re-armed', async () => {
      const harness = await fresh();
      const flip = (name: string) => verdict(harness, [flips(1)], { scope: tenant(name) });
      expect(await flip('a')).toBe('applied');
      expect(await flip('b')).toBe('limit');
      harness.advance(HOUR);
      expect(await flip('b')).toBe('not_armed');
      expect(await harness.store.trippedLimits()).toMatchObject([{ name: 'tenant_flips' }]);
      const reached = (await notes(harness)).filter((note) => note.type === 'limit.reached');
      expect(reached).toEqual([
        {
          ...{
            type: 'limit.reached',
            scope: 'global',
            subject: 'tenant_flips',
            before: null,
            state: null,
            audit: null,
          },
          ...{ at: (await harness.store.trippedLimits())[0]?.at, detail: expect.stringContaining('tenant_flips') },
          holds: true,
        },
      ]);

      expect(await harness.store.rearm('tenant_flips', ANNA)).toEqual(['tenant_flips']);
      expect(await harness.store.trippedLimits()).toEqual([]);
      expect((await notes(harness)).at(-1)).toMatchObject({
        ...{ type: 'limit.reached', subject: 'tenant_flips', state: null, detail: expect.stringContaining('anna') },
        holds: false,
      });
      expect(await flip('b')).toBe('applied');
    });

    test('is full again after it was re-armed, and only that one', async () => {
      const harness = await fresh();
      const group: LimitSpend = { ...flips(1), name: 'group:runaway' };
      for (const limit of [flips(1), group]) {
        await verdict(harness, [limit], { scope: tenant(`${limit.name}1`) });
        await verdict(harness, [limit], { scope: tenant(`${limit.name}2`) });
      }
      expect(await harness.store.rearm('group:runaway', ANNA)).toEqual(['group:runaway']);
      expect(await verdict(harness, [group], { scope: tenant('c') })).toBe('applied');
      expect(await verdict(harness, [flips(1)], { scope: tenant('d') })).toBe('not_armed');
      expect(await harness.store.rearm(null, ANNA)).toEqual(['tenant_flips']);
      expect(await harness.store.rearm(null, ANNA)).toEqual([]);
      expect(await harness.store.rearm('unknown', ANNA)).toEqual([]);
    });

    test('holds what spends it, and nothing else', async () => {
      const harness = await fresh();
      await verdict(harness, [flips(0)], { scope: tenant('a') });
      expect(await verdict(harness, [kills(5)])).toBe('applied');
      expect(await verdict(harness, [kills(5), flips(0)])).toBe('not_armed');
      expect(verdictOf(await harness.store.trip(byOperator(tenant('a'))))).toBe('applied');
    });

    test('is judged after the tenant’s own, so that one tenant’s flood does not hold the others', async () => {
      const harness = await fresh();
      const both = [flips(1), kills(1)];
      expect(await verdict(harness, both)).toBe('applied');
      expect(await verdict(harness, both)).toBe('limit');
      expect(await harness.store.trippedLimits()).toEqual([]);
    });

    test('is spent by nothing that was refused for another', async () => {
      const harness = await fresh();
      const both = (kill: number) => [kills(kill), flips(2)];
      expect(await verdict(harness, both(1))).toBe('applied');
      for (let refused = 0; refused < 3; refused += 1) expect(await verdict(harness, both(1))).toBe('limit');
      expect(await verdict(harness, [flips(2)], { scope: tenant('other') })).toBe('applied');
    });
  });

  describe('the share of active sessions', () => {
    test('is at most max(at_least, share of the active), summed over partitions', async () => {
      const harness = await fresh();
      await harness.store.putActiveSessions(0, 25);
      await harness.store.putActiveSessions(1, 14);
      for (let kill = 0; kill < 3; kill += 1) expect(await verdict(harness, [share(1)])).toBe('applied');
      expect(await verdict(harness, [share(1)])).toBe('limit');
      expect(await harness.store.rearm('share', ANNA)).toEqual(['share']);
      for (let kill = 0; kill < 5; kill += 1) expect(await verdict(harness, [share(5)])).toBe('applied');
      expect(await verdict(harness, [share(5)])).toBe('limit');
    });

    test('counts the newest number of a partition, and none that is older than the time', async () => {
      const harness = await fresh();
      await harness.store.putActiveSessions(0, 1_000);
      await harness.store.putActiveSessions(0, 20);
      expect(await verdict(harness, [share(1)])).toBe('applied');
      harness.advance(10 * MINUTE + 1);
      expect(await verdict(harness, [share(1)])).toBe('applied');
      expect(await verdict(harness, [share(1)])).toBe('limit');
    });

    test('a tenant’s first ones per time pass it, counted against nobody, even while it holds', async () => {
      const harness = await fresh();
      const kill = (owner: string) => {
        sessions += 1;
        return verdict(harness, [share(1, 2)], { scope: session(owner, `s${sessions}`) });
      };
      expect([await kill('a'), await kill('a'), await kill('a'), await kill('a')]).toEqual([
        ...['applied', 'applied', 'applied', 'limit'],
      ]);
      expect([await kill('b'), await kill('b'), await kill('b')]).toEqual(['applied', 'applied', 'not_armed']);
      expect([await kill('c:%'), await kill('c:%'), await kill('c:%')]).toEqual(['applied', 'applied', 'not_armed']);
      harness.advance(10 * MINUTE + 1);
      expect([await kill('a'), await kill('a'), await kill('a')]).toEqual(['applied', 'applied', 'not_armed']);
    });

    test('has nobody’s first ones where no tenant is concerned', async () => {
      const harness = await fresh();
      expect(await verdict(harness, [share(0, 3)], { scope: GLOBAL })).toBe('limit');
    });
  });
}
