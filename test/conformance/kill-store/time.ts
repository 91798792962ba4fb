import { describe, expect, test } from 'vitest';
import {
  applied,
  byOperator,
  byRule,
  byRuleNow,
  clearing,
  DAY,
  GLOBAL,
  HOUR,
  MINUTE,
  modeOf,
  notes,
  SENTINEL,
  session,
  stateOf,
  tenant,
  tool,
  verdictOf,
  WEEK,
} from './harness.ts';
import type { Fixture } from './laws.ts';

/** What time alone does to a switch: expiry, renewal, sweeping. */
export function timeLaws({ fresh }: Fixture): void {
  describe('expiry', () => {
    test('clears a switch once both clocks are past expires_at, and leaves a fence', async () => {
      const harness = await fresh();
      const tripped = applied(await harness.store.trip(await byRuleNow(harness, GLOBAL, { ttlMs: HOUR })));
      const expiresAt = tripped.expires_at ?? 0;
      expect(await harness.store.expire(expiresAt, SENTINEL)).toEqual([]);
      harness.advance(HOUR);
      expect(await harness.store.expire(expiresAt - 1, SENTINEL)).toEqual([]);
      expect(await modeOf(harness, GLOBAL)).toBe('disable_writes');

      const [change] = await harness.store.expire(expiresAt, SENTINEL);
      expect(change).toMatchObject({
        scope: 'global',
        state: {
          ...{ mode: 'none', expires_at: null, actor: SENTINEL, fence: change?.state.at },
          ...{ decision_id: tripped.decision_id, rule: tripped.rule },
          reason: `Expired (was: ${tripped.reason})`,
        },
      });
      expect(await harness.byHand.get('agent_kill_global')).toBeNull();
      expect((await notes(harness)).at(-1)).toMatchObject({ type: 'switch.cleared', before: 'disable_writes' });
      const old = byRule(GLOBAL, { evidenceAppendedAt: change?.state.at ?? 0 });
      expect(verdictOf(await harness.store.trip(old))).toBe('fence');
      expect(await harness.store.expire(expiresAt, SENTINEL)).toEqual([]);
    });

    test('takes sessions and tools too, and leaves alone what has longer or no time', async () => {
      const harness = await fresh();
      await harness.store.trip(byOperator(session('a:b', 's'), { ttlMs: MINUTE }));
      await harness.store.trip(byOperator(tool('a:b', 'x'), { ttlMs: MINUTE }));
      await harness.store.trip(byOperator(tool(null, 'x'), { ttlMs: HOUR }));
      await harness.store.trip(byOperator(tenant('a:b')));
      harness.advance(MINUTE);
      const changes = await harness.store.expire((await harness.store.time()) + HOUR, SENTINEL);
      expect(changes.map((each) => each.scope).sort()).toEqual(['session:a%3Ab:s', 'tool:a%3Ab:x']);
      expect(await harness.byHand.members('agent_disabled_tools:a:b')).toEqual([]);
      expect(
        (await notes(harness))
          .slice(-2)
          .map((note) => note.type)
          .sort(),
      ).toEqual(['session.restored', 'tool.enabled']);
    });

    test('comes after what was set by hand: a flag set to stay is not cleared', async () => {
      const harness = await fresh();
      await harness.store.trip(byOperator(GLOBAL, { ttlMs: MINUTE }));
      await harness.byHand.set('agent_kill_global', '1');
      harness.advance(HOUR);
      await harness.store.expire(await harness.store.time(), SENTINEL);
      expect(await stateOf(harness, GLOBAL)).toMatchObject({ mode: 'disable_writes', expires_at: null });
    });

    test('takes any number of switches in one call', async () => {
      const harness = await fresh();
      for (let each = 0; each < 250; each += 1) {
        await harness.store.trip(byOperator(session('acme', `s${each}`), { ttlMs: MINUTE }));
      }
      harness.advance(MINUTE);
      expect(await harness.store.expire(await harness.store.time(), SENTINEL)).toHaveLength(250);
    });

    test('does not happen to a switch that a rule trips anew before it is cleared', async () => {
      const harness = await fresh();
      await harness.store.trip(await byRuleNow(harness, GLOBAL, { ttlMs: MINUTE }));
      harness.advance(MINUTE);
      expect(verdictOf(await harness.store.trip(await byRuleNow(harness, GLOBAL, { ttlMs: MINUTE })))).toBe('applied');
      expect(await harness.store.expire(await harness.store.time(), SENTINEL)).toEqual([]);
    });
  });

  describe('renewal', () => {
    test('lets a session kill last 7 days from now, at most once a day', async () => {
      const harness = await fresh();
      const scope = session('acme', 's');
      const killed = applied(await harness.store.trip(await byRuleNow(harness, scope)));
      expect(verdictOf(await harness.store.renew(scope, SENTINEL))).toBe('unchanged');
      harness.advance(DAY);
      const state = applied(await harness.store.renew(scope, SENTINEL));
      expect(state).toEqual({
        ...{ ...killed, actor: SENTINEL, at: state.at, version: state.version, expires_at: state.at + WEEK },
      });
      expect(state.version).toBeGreaterThan(killed.version);
      expect((await notes(harness)).at(-1)).toMatchObject({ type: 'session.renewed', before: 'stop_all', state });
      expect(verdictOf(await harness.store.renew(scope, SENTINEL))).toBe('unchanged');
      harness.advance(DAY);
      expect(verdictOf(await harness.store.renew(scope, SENTINEL))).toBe('applied');
    });

    test('renews nothing that is not killed, and no switch', async () => {
      const harness = await fresh();
      await harness.store.trip(byOperator(tenant('acme'), { ttlMs: HOUR }));
      await harness.store.trip(byOperator(session('acme', 's')));
      await harness.store.clear(clearing(session('acme', 's')));
      harness.advance(2 * DAY);
      for (const scope of [tenant('acme'), session('acme', 's'), session('acme', 'never')]) {
        expect(verdictOf(await harness.store.renew(scope, SENTINEL))).toBe('unchanged');
      }
    });
  });

  describe('sweeping', () => {
    test('removes what was cleared 7 days ago, and nothing that is tripped or newer', async () => {
      const harness = await fresh();
      for (const scope of [tenant('old'), tenant('new'), tenant('tripped')])
        await harness.store.trip(byOperator(scope));
      await harness.store.clear(clearing(tenant('old')));
      harness.advance(WEEK - HOUR);
      await harness.store.clear(clearing(tenant('new')));
      expect(await harness.store.sweep(10)).toEqual([]);
      harness.advance(HOUR + 1);
      expect(await harness.store.sweep(10)).toEqual(['tenant:old']);
      expect(await stateOf(harness, tenant('old'))).toBeNull();
      expect(await modeOf(harness, tenant('new'))).toBe('none');
      expect(await modeOf(harness, tenant('tripped'))).toBe('disable_writes');
      expect((await harness.store.page(0, 10)).states.map((each) => each.scope).sort()).toEqual([
        'tenant:new',
        'tenant:tripped',
      ]);
    });

    test('goes no further than it is told, and leaves what was tripped again', async () => {
      const harness = await fresh();
      for (const name of ['a', 'b', 'c', 'again']) {
        await harness.store.trip(byOperator(tenant(name)));
        await harness.store.clear(clearing(tenant(name)));
      }
      await harness.store.trip(byOperator(tenant('again')));
      harness.advance(WEEK + 1);
      expect(await harness.store.sweep(2)).toHaveLength(2);
      expect(await harness.store.sweep(2)).toHaveLength(1);
      expect(await modeOf(harness, tenant('again'))).toBe('disable_writes');
    });

    test('keeps a hold that has not ended', async () => {
      const harness = await fresh();
      await harness.store.clear(clearing(tenant('held'), { holdMs: 30 * DAY }));
      harness.advance(8 * DAY);
      expect(await harness.store.sweep(10)).toEqual([]);
      expect(verdictOf(await harness.store.trip(await byRuleNow(harness, tenant('held'))))).toBe('hold');
      harness.advance(30 * DAY);
      expect(await harness.store.sweep(10)).toEqual(['tenant:held']);
    });
  });
}
