import { describe, expect, test } from 'vitest';
import type { ScopedState } from '../../../src/domain/kill-state.ts';
import { until } from '../../services/poll.ts';
import {
  applied,
  byOperator,
  clearing,
  GLOBAL,
  type Harness,
  HOUR,
  SENTINEL,
  session,
  tenant,
  tool,
} from './harness.ts';
import type { Fixture } from './laws.ts';

const nothing = { tenants: [], sessions: [] };

/** What guards and people read: index, flags, what is newer. */
export function readingLaws({ fresh }: Fixture): void {
  describe('read', () => {
    test('answers in the order asked for, null for what was never changed', async () => {
      const harness = await fresh();
      const state = applied(await harness.store.trip(byOperator(tenant('a'))));
      expect(await harness.store.read([tenant('b'), tenant('a'), GLOBAL])).toEqual([
        { scope: tenant('b'), state: null, byHand: null, forgotten: false },
        { scope: tenant('a'), state, byHand: null, forgotten: false },
        { scope: GLOBAL, state: null, byHand: null, forgotten: false },
      ]);
      expect(await harness.store.read([])).toEqual([]);
    });

    test('says what a flag says where the index does not know it', async () => {
      const harness = await fresh();
      await harness.store.trip(byOperator(tenant('a'), { mode: 'stop_all' }));
      await harness.byHand.set('agent_kill_tenant:a', '0');
      await harness.byHand.set('agent_kill_global', '1');
      await harness.byHand.set('agent_kill_session:a:s', 'disable_writes');
      await harness.byHand.sadd('agent_disabled_tools:a', 'x');
      await harness.byHand.wrongType('agent_kill_tenant:b');
      const scopes = [tenant('a'), GLOBAL, session('a', 's'), tool('a', 'x'), tenant('b')];
      const readings = await harness.store.read(scopes);
      expect(readings.map((reading) => reading.byHand)).toEqual([
        ...['none', 'disable_writes', 'stop_all', 'disabled', 'stop_all'],
      ]);
      expect(readings.map((reading) => reading.state?.mode ?? null)).toEqual(['stop_all', null, null, null, null]);
    });

    test('a missing flag, or a clearing text where nothing is tripped, is no hand-made change', async () => {
      const harness = await fresh();
      await harness.store.trip(byOperator(GLOBAL));
      await harness.byHand.del('agent_kill_global');
      await harness.byHand.set('agent_kill_tenant:a', 'off');
      expect((await harness.store.read([GLOBAL, tenant('a')])).map((reading) => reading.byHand)).toEqual([null, null]);
    });

    test('takes thousands of scopes at once', async () => {
      const harness = await fresh();
      await harness.store.trip(byOperator(session('acme', 's4999')));
      const readings = await harness.store.read(
        Array.from({ length: 5_000 }, (_, each) => session('acme', `s${each}`)),
      );
      expect(readings).toHaveLength(5_000);
      expect(readings.filter((reading) => reading.state !== null)).toHaveLength(1);
    });
  });

  describe('changesSince and page', () => {
    test('give the newest state of each changed scope, by version', async () => {
      const harness = await fresh();
      const first = applied(await harness.store.trip(byOperator(tenant('a'))));
      const second = applied(await harness.store.trip(byOperator(tenant('b'))));
      const third = applied(await harness.store.clear(clearing(tenant('a'))));
      const b: ScopedState = { scope: 'tenant:b', state: second };
      const a: ScopedState = { scope: 'tenant:a', state: third };
      expect(await harness.store.changesSince(0, 10)).toEqual([b, a]);
      expect(await harness.store.changesSince(0, 1)).toEqual([b]);
      expect(await harness.store.changesSince(first.version, 10)).toEqual([b, a]);
      expect(await harness.store.changesSince(second.version, 10)).toEqual([a]);
      expect(await harness.store.changesSince(third.version, 10)).toEqual([]);
    });

    test('pages reach every state once', async () => {
      const harness = await fresh();
      for (let each = 0; each < 7; each += 1) await harness.store.trip(byOperator(tenant(`t${each}`)));
      const seen: string[] = [];
      let next: number | null = 0;
      while (next !== null) {
        const page: Awaited<ReturnType<typeof harness.store.page>> = await harness.store.page(next, 3);
        seen.push(...page.states.map((each) => each.scope));
        next = page.next;
      }
      expect(seen).toEqual(Array.from({ length: 7 }, (_, each) => `tenant:t${each}`));
    });
  });

  describe('poll', () => {
    test('answers epoch, version and what is newer', async () => {
      const harness = await fresh();
      const state = applied(await harness.store.trip(byOperator(tenant('a'))));
      const answer = {
        epoch: await harness.store.epoch(),
        version: state.version,
        byHand: [],
        lost: [],
        forgotten: [],
        more: false,
      };
      expect(await harness.store.poll({ sinceVersion: 0, ...nothing })).toEqual({
        ...{ ...answer, changes: [{ scope: 'tenant:a', state }] },
      });
      expect(await harness.store.poll({ sinceVersion: state.version, ...nothing })).toEqual({ ...answer, changes: [] });
    });

    test('says so when there is more than one answer takes', async () => {
      const harness = await fresh();
      for (let each = 0; each < 1_100; each += 100) {
        await Promise.all(
          Array.from({ length: 100 }, (_, one) => harness.store.trip(byOperator(session('a', `s${each + one}`)))),
        );
      }
      const scopes = new Set<string>();
      let sinceVersion = 0;
      for (let more = true; more; ) {
        const answer = await harness.store.poll({ sinceVersion, ...nothing });
        for (const change of answer.changes) scopes.add(change.scope);
        sinceVersion = answer.changes.at(-1)?.state.version ?? sinceVersion;
        more = answer.more;
      }
      expect(scopes.size).toBe(1_100);
    });

    test('sees what was set by hand on global, tools, and the asked tenants and sessions', async () => {
      const harness = await fresh();
      await harness.byHand.set('agent_kill_global', '1');
      await harness.byHand.set('agent_kill_tenant:a:b', 'stop_new_runs');
      await harness.byHand.set('agent_kill_session:a%3Ab:s', '1');
      await harness.byHand.set('agent_kill_tenant:not-asked', '1');
      await harness.byHand.sadd('agent_disabled_tools', 'x');
      await harness.byHand.sadd('agent_disabled_tools:a:b', 'y');
      await harness.byHand.sadd('agent_disabled_tools:not-asked', 'z');
      const request = { sinceVersion: 0, tenants: ['a:b', 'c'], sessions: [{ tenant: 'a:b', session: 's' }] };
      const answer = await harness.store.poll(request);
      expect(answer.byHand).toHaveLength(5);
      expect(answer.byHand).toEqual(
        expect.arrayContaining([
          { scope: GLOBAL, mode: 'disable_writes' },
          { scope: tenant('a:b'), mode: 'stop_new_runs' },
          { scope: session('a:b', 's'), mode: 'stop_all' },
          { scope: tool(null, 'x'), mode: 'disabled' },
          { scope: tool('a:b', 'y'), mode: 'disabled' },
        ]),
      );
      await harness.store.adopt(
        answer.byHand.map((each) => each.scope),
        SENTINEL,
      );
      expect(await harness.store.poll(request)).toMatchObject({ byHand: [], lost: [] });
    });

    test('sees a clearing text, a wrong type, and an expiry set by hand', async () => {
      const harness = await fresh();
      await harness.store.trip(byOperator(GLOBAL));
      await harness.byHand.set('agent_kill_global', 'off');
      await harness.byHand.wrongType('agent_kill_tenant:a');
      await harness.byHand.wrongType('agent_disabled_tools:a');
      await harness.store.trip(byOperator(tenant('b')));
      await harness.byHand.set('agent_kill_tenant:b', 'disable_writes', { px: HOUR });
      const { byHand } = await harness.store.poll({ sinceVersion: 0, tenants: ['a', 'b'], sessions: [] });
      expect(byHand).toHaveLength(4);
      expect(byHand).toEqual(
        expect.arrayContaining([
          { scope: GLOBAL, mode: 'none' },
          { scope: tenant('a'), mode: 'stop_all' },
          { scope: tool('a', '*'), mode: 'disabled' },
          { scope: tenant('b'), mode: 'disable_writes' },
        ]),
      );
    });

    test('sees flags and members that are gone', async () => {
      const harness = await fresh();
      const scopes = [GLOBAL, tenant('a'), session('a', 's'), tool(null, 'x'), tool('a', 'y')];
      for (const scope of scopes) await harness.store.trip(byOperator(scope));
      await eraseFlags(harness);
      const request = { sinceVersion: 0, tenants: ['a'], sessions: [{ tenant: 'a', session: 's' }] };
      const { byHand, lost } = await harness.store.poll(request);
      expect(byHand).toEqual([]);
      expect(lost).toHaveLength(5);
      expect(lost).toEqual(expect.arrayContaining(scopes));
      expect(await harness.store.adopt(lost, SENTINEL)).toHaveLength(5);
      expect((await harness.store.poll(request)).lost).toEqual([]);
    });
  });

  test('a subscriber hears of every change, and of none after it left', async () => {
    const harness = await fresh();
    const heard: (ScopedState | null)[] = [];
    const leave = await harness.store.subscribe((change) => heard.push(change));
    const tripped = applied(await harness.store.trip(byOperator(session('a:b', 's'))));
    await harness.byHand.set('agent_kill_global', '1');
    const [adopted] = await harness.store.adopt([GLOBAL], SENTINEL);
    expect(await until(() => heard.length === 2, 5_000)).toBe(true);
    expect(heard).toEqual([{ scope: 'session:a%3Ab:s', state: tripped }, adopted]);
    await leave();
    await harness.store.clear(clearing(GLOBAL));
    const later: (ScopedState | null)[] = [];
    await harness.store.subscribe((change) => later.push(change));
    await harness.store.trip(byOperator(GLOBAL));
    expect(await until(() => later.length === 1, 5_000)).toBe(true);
    expect(heard).toHaveLength(2);
  });
}

async function eraseFlags({ byHand }: Harness): Promise<void> {
  for (const key of ['agent_kill_global', 'agent_kill_tenant:a', 'agent_kill_session:a:s']) await byHand.del(key);
  for (const key of ['agent_disabled_tools', 'agent_disabled_tools:a']) await byHand.del(key);
}
