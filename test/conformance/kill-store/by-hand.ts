import { describe, expect, test } from 'vitest';
import {
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
  SENTINEL,
  session,
  stateOf,
  tenant,
  tool,
  verdictOf,
  WEEK,
} from './harness.ts';
import type { Fixture } from './laws.ts';

const ACME = tenant('acme');
const FLAG = 'agent_kill_tenant:acme';

/** What was set by hand becomes a versioned, audited change, whoever notices it, and never makes anything fail. */
export function byHandLaws({ fresh, bare }: Fixture): void {
  const adopt = ({ store }: Harness, ...scopes: Parameters<typeof store.adopt>[0]) => store.adopt(scopes, SENTINEL);

  describe('a text set by hand', () => {
    const texts: [text: string, before: string | null, after: string | null][] = [
      ['1', null, 'disable_writes'],
      [' 1 ', null, 'disable_writes'],
      ['1', 'stop_new_runs', 'stop_new_runs,disable_writes'],
      ['1', 'stop_all', 'stop_all'],
      ['stop_new_runs', null, 'stop_new_runs'],
      ['stop_new_runs', 'stop_all', 'stop_new_runs'],
      ['disable_writes', 'stop_new_runs', 'disable_writes'],
      ['stop_new_runs,disable_writes', null, 'stop_new_runs,disable_writes'],
      ['Disable_Writes , stop_new_runs', 'stop_all', 'stop_new_runs,disable_writes'],
      ['STOP_ALL', 'disable_writes', 'stop_all'],
      ['yes please', null, 'stop_all'],
      ['true', 'disable_writes', 'stop_all'],
      ['none', null, 'stop_all'],
      ['disabled', null, 'stop_all'],
      ['0', 'stop_all', null],
      ['False', 'disable_writes', null],
      [' OFF\n', 'stop_new_runs', null],
      ['no', 'stop_all', null],
      ['', 'stop_all', null],
      ['0', null, null],
    ];
    test.each(texts)('%j upon %s leaves %s in flag and index', async (text, before, after) => {
      const harness = await fresh();
      if (before !== null) await harness.store.trip(byOperator(ACME, { mode: before as 'stop_all' }));
      await harness.byHand.set(FLAG, text);
      await adopt(harness, ACME);
      expect(await harness.byHand.get(FLAG)).toBe(after);
      expect(await modeOf(harness, ACME)).toBe(after ?? (before === null ? null : 'none'));
      expect(await adopt(harness, ACME)).toEqual([]);
    });

    test('trips a session whole, for 7 days, whatever the trip says', async () => {
      const harness = await fresh();
      for (const text of ['1', 'disable_writes', 'stop_all', 'x']) {
        const scope = session('a:b', `s:${text}`);
        await harness.byHand.set(`agent_kill_session:a%3Ab:s:${text}`, text);
        await adopt(harness, scope);
        const state = await stateOf(harness, scope);
        expect(state).toMatchObject({ mode: 'stop_all', expires_at: (state?.at ?? 0) + WEEK });
        expect(await harness.byHand.get(`agent_kill_session:a%3Ab:s:${text}`)).toBe('stop_all');
      }
    });

    test('becomes a change of redis-cli with a version, a note, and a decision id of its own', async () => {
      const harness = await fresh();
      const earlier = applied(await harness.store.trip(byOperator(GLOBAL)));
      await harness.byHand.set(FLAG, '1');
      const [change] = await adopt(harness, ACME);
      expect(change?.scope).toBe('tenant:acme');
      expect(change?.state).toMatchObject({
        ...{ mode: 'disable_writes', actor: { kind: 'redis-cli' }, rule: null, evidence: null, expires_at: null },
        decision_id: `hand:${change?.state.version}`,
      });
      expect(change?.state.version).toBeGreaterThan(earlier.version);
      expect((await notes(harness)).at(-1)).toMatchObject({
        ...{ type: 'switch.tripped', scope: 'tenant:acme', subject: change?.state.decision_id, before: null },
        ...{ state: change?.state, audit: null },
      });
    });

    test('that goes down leaves a fence, and one that goes up leaves none', async () => {
      const harness = await fresh();
      await harness.byHand.set(FLAG, 'disable_writes');
      expect((await adopt(harness, ACME))[0]?.state.fence).toBeNull();
      await harness.byHand.set(FLAG, 'stop_all');
      expect((await adopt(harness, ACME))[0]?.state.fence).toBeNull();
      await harness.byHand.set(FLAG, 'disable_writes');
      const lowered = (await adopt(harness, ACME))[0]?.state;
      expect(lowered?.fence).toBe(lowered?.at);
      harness.advance(MINUTE);
      await harness.byHand.set(FLAG, '0');
      const cleared = (await adopt(harness, ACME))[0]?.state;
      expect(cleared?.fence).toBe(cleared?.at);
      expect((await notes(harness)).at(-1)).toMatchObject({ type: 'switch.cleared', before: 'disable_writes' });
    });

    test('that changes nothing is only tidied up', async () => {
      const harness = await fresh();
      const state = applied(await harness.store.trip(byOperator(ACME, { mode: 'stop_all' })));
      await harness.byHand.set(FLAG, '1');
      expect(await adopt(harness, ACME)).toEqual([]);
      expect(await harness.byHand.get(FLAG)).toBe('stop_all');
      expect(await stateOf(harness, ACME)).toEqual(state);
    });
  });

  describe('a Redis expiry set by hand', () => {
    test('becomes expires_at, and the flag stays without one', async () => {
      const harness = await fresh();
      for (const text of ['1', 'stop_new_runs', 'whatever']) {
        await harness.byHand.set(FLAG, text, { px: HOUR });
        const state = (await adopt(harness, ACME))[0]?.state;
        expect(state?.expires_at).toBeGreaterThan((state?.at ?? 0) + HOUR - MINUTE);
        expect(state?.expires_at).toBeLessThanOrEqual((state?.at ?? 0) + HOUR);
        expect(await harness.byHand.px(FLAG)).toBeNull();
        await harness.store.clear(clearing(ACME));
      }
    });

    test('on the flag of a switch shortens it only with a mode by name', async () => {
      const harness = await fresh();
      await harness.store.trip(byOperator(ACME, { mode: 'disable_writes' }));
      await harness.byHand.set(FLAG, '1', { px: HOUR });
      await adopt(harness, ACME);
      expect((await stateOf(harness, ACME))?.expires_at).toBeNull();
      await harness.byHand.set(FLAG, 'disable_writes', { px: HOUR });
      await adopt(harness, ACME);
      expect((await stateOf(harness, ACME))?.expires_at).not.toBeNull();
      expect(await harness.byHand.px(FLAG)).toBeNull();
    });

    test('of a killed session replaces its 7 days', async () => {
      const harness = await fresh();
      await harness.byHand.set('agent_kill_session:acme:s', '1', { px: HOUR });
      const state = (await adopt(harness, session('acme', 's')))[0]?.state;
      expect(state?.expires_at).toBeLessThanOrEqual((state?.at ?? 0) + HOUR);
    });
  });

  describe('a flag that is gone', () => {
    test('looks like a loss: it is set again, and the reason says how to clear', async () => {
      const harness = await fresh();
      const request = await byRuleNow(harness, ACME, { ttlMs: HOUR });
      const state = applied(await harness.store.trip(request));
      await harness.byHand.del(FLAG);
      const [change] = await adopt(harness, ACME);
      expect(await harness.byHand.get(FLAG)).toBe('disable_writes');
      expect(change?.state).toEqual({
        ...state,
        ...{ reason: change?.state.reason, at: change?.state.at, version: change?.state.version, actor: SENTINEL },
      });
      expect(change?.state.reason).toContain(state.reason);
      expect(change?.state.reason).toMatch(/SET \S*agent_kill_tenant:acme 0/);
      expect(change?.state.reason).toContain('sentinel restore');
      expect(change?.state.reason).toMatch(/ \(first stopped by sentinel\b.*, and set again: /);
      expect((await notes(harness)).at(-1)).toMatchObject({ type: 'switch.reasserted', before: 'disable_writes' });

      await harness.byHand.del(FLAG);
      const [again] = await adopt(harness, ACME);
      expect(again?.state.reason).toBe(change?.state.reason);
    });

    test('of a tool is a member that is gone', async () => {
      const harness = await fresh();
      for (const [scope, key] of [
        [tool(null, 'x'), 'agent_disabled_tools'],
        [tool('a:b', 'x'), 'agent_disabled_tools:a:b'],
      ] as const) {
        await harness.store.trip(byOperator(scope));
        await harness.byHand.srem(key, 'x');
        const [change] = await adopt(harness, scope);
        expect(await harness.byHand.members(key)).toEqual(['x']);
        expect(change?.state.reason).toMatch(
          / \(first stopped by operator \w+, and set again: .*sentinel tool enable\)$/,
        );
      }
      await harness.byHand.del('agent_disabled_tools');
      expect(await adopt(harness, tool(null, 'x'))).toHaveLength(1);
    });

    test('of a switch that was cleared is as it should be', async () => {
      const harness = await fresh();
      await harness.store.trip(byOperator(ACME));
      await harness.store.clear(clearing(ACME));
      expect(await adopt(harness, ACME)).toEqual([]);
    });
  });

  describe('a tool disabled by hand', () => {
    test('is adopted with everything else in its set', async () => {
      const harness = await fresh();
      await harness.byHand.sadd('agent_disabled_tools', 'email.*');
      await harness.byHand.sadd('agent_disabled_tools', 'ü:%*');
      await harness.byHand.sadd('agent_disabled_tools:a:b', 'x');
      const changes = await adopt(harness, tool(null, 'email.*'));
      expect(changes.map((each) => each.scope).sort()).toEqual(['tool::email.*', 'tool::ü:%*']);
      expect(changes[0]?.state).toMatchObject({ mode: 'disabled', actor: { kind: 'redis-cli' }, expires_at: null });
      expect((await notes(harness)).map((note) => note.type)).toEqual(['tool.disabled', 'tool.disabled']);
      expect((await adopt(harness, tool('a:b', 'x')))[0]?.scope).toBe('tool:a%3Ab:x');
    });

    test('an empty member names no tool and is ignored', async () => {
      const harness = await fresh();
      await harness.byHand.sadd('agent_disabled_tools', '');
      expect(await adopt(harness, tool(null, 'x'))).toEqual([]);
    });
  });

  describe('a value of a wrong type', () => {
    test.each([GLOBAL, ACME, session('a:b', 's')])('under the flag of $kind stops all', async (scope) => {
      const harness = await fresh();
      const key = { global: 'agent_kill_global', tenant: FLAG, session: 'agent_kill_session:a%3Ab:s', tool: '' }[
        scope.kind
      ];
      await harness.byHand.wrongType(key);
      expect((await adopt(harness, scope))[0]?.state.mode).toBe('stop_all');
      expect(await harness.byHand.get(key)).toBe('stop_all');
    });

    test('under a set of tools disables every tool, and keeps the others disabled', async () => {
      const harness = await fresh();
      await harness.store.trip(byOperator(tool('acme', 'x')));
      await harness.byHand.wrongType('agent_disabled_tools:acme');
      await adopt(harness, tool('acme', 'y'));
      expect([...(await harness.byHand.members('agent_disabled_tools:acme'))].sort()).toEqual(['*', 'x']);
      expect(await modeOf(harness, tool('acme', '*'))).toBe('disabled');
    });

    test('fails no trip and no restore', async () => {
      const harness = await fresh();
      await harness.byHand.wrongType(FLAG);
      expect(applied(await harness.store.clear(clearing(ACME))).mode).toBe('none');
      await harness.byHand.wrongType(FLAG);
      expect(verdictOf(await harness.store.trip(byOperator(ACME)))).toBe('unchanged');
      expect(await modeOf(harness, ACME)).toBe('stop_all');
    });
  });

  describe('every change adopts first', () => {
    test('a trip adds to what was set by hand', async () => {
      const harness = await fresh();
      await harness.byHand.set(FLAG, 'stop_new_runs');
      const outcome = await harness.store.trip(byOperator(ACME, { mode: 'disable_writes' }));
      expect(outcome).toMatchObject({ before: { mode: 'stop_new_runs', actor: { kind: 'redis-cli' } } });
      expect(await harness.byHand.get(FLAG)).toBe('stop_new_runs,disable_writes');
      expect((await notes(harness)).map((note) => note.state?.mode)).toEqual([
        'stop_new_runs',
        'stop_new_runs,disable_writes',
      ]);
    });

    test('a restore clears what was set by hand, with both changes on record', async () => {
      const harness = await fresh();
      await harness.byHand.set(FLAG, '1');
      expect(applied(await harness.store.clear(clearing(ACME))).mode).toBe('none');
      expect((await notes(harness)).map((note) => note.type)).toEqual(['switch.tripped', 'switch.cleared']);
    });

    test('a rule is bound by the fence of a clearing by hand', async () => {
      const harness = await fresh();
      await harness.store.trip(byOperator(ACME));
      await harness.byHand.set(FLAG, '0');
      const request = await byRuleNow(harness, ACME);
      harness.advance(MINUTE);
      expect(verdictOf(await harness.store.trip(request))).toBe('fence');
      expect(await modeOf(harness, ACME)).toBe('none');
    });
  });

  describe('adoptAll', () => {
    test('finds every flag and set that nobody told us of', async () => {
      const harness = await fresh();
      await harness.byHand.set('agent_kill_global', '1');
      await harness.byHand.set('agent_kill_tenant:a:b%*', 'stop_new_runs');
      await harness.byHand.set('agent_kill_session:a%3Ab%25:s:*', '1');
      await harness.byHand.sadd('agent_disabled_tools', 'x');
      await harness.byHand.sadd('agent_disabled_tools:a:b', 'y');
      await harness.byHand.set('agent_kill_tenant:', '1');
      await harness.byHand.set('agent_kill_session:no-tenant', '1');
      const changes = await harness.store.adoptAll(SENTINEL);
      expect(changes.map((each) => [each.scope, each.state.mode]).sort()).toEqual([
        ['global', 'disable_writes'],
        ['session:a%3Ab%25:s:*', 'stop_all'],
        ['tenant:a:b%*', 'stop_new_runs'],
        ['tool::x', 'disabled'],
        ['tool:a%3Ab:y', 'disabled'],
      ]);
      expect(await harness.store.adoptAll(SENTINEL)).toEqual([]);
    });

    test('sets lost flags again', async () => {
      const harness = await fresh();
      for (const scope of [GLOBAL, ACME, session('acme', 's'), tool('acme', 'x')]) {
        await harness.store.trip(byOperator(scope));
      }
      for (const key of ['agent_kill_global', FLAG, 'agent_kill_session:acme:s', 'agent_disabled_tools:acme']) {
        await harness.byHand.del(key);
      }
      expect(await harness.store.adoptAll(SENTINEL)).toHaveLength(4);
      expect(await harness.byHand.get('agent_kill_session:acme:s')).toBe('stop_all');
      expect(await harness.byHand.members('agent_disabled_tools:acme')).toEqual(['x']);
    });

    test('works on a store that is not initialised, in an emergency before everything', async () => {
      const harness = await bare();
      await harness.byHand.set('agent_kill_global', 'stop_all');
      expect((await harness.store.adoptAll(SENTINEL))[0]?.state).toMatchObject({ mode: 'stop_all', epoch: '' });
    });
  });
}
