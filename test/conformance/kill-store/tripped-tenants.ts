import { describe, expect, test } from 'vitest';
import { scopeText } from '../../../src/domain/scope.ts';
import {
  applied,
  byOperator,
  clearing,
  GLOBAL,
  type Harness,
  HOUR,
  MINUTE,
  SENTINEL,
  session,
  stateOf,
  stateWith,
  tenant,
  tool,
  WEEK,
} from './harness.ts';
import type { Fixture } from './laws.ts';

/** Ids that keys and scope texts could take for something else. */
const IDS = ['acme', 'a:b', 'a%3Ab', '100%', 'ü 🛑', 's:'];

/** The tripped tenants are known without asking for each: exactly those, with their states as the index has them. */
export function trippedTenantLaws({ fresh, bare }: Fixture): void {
  describe('the tripped tenants', () => {
    test('are those that a trip stopped, in any mode, until a restore', async () => {
      const harness = await fresh();
      expect(await listed(harness)).toEqual([]);
      for (const id of IDS) await harness.store.trip(byOperator(tenant(id), { mode: 'stop_new_runs' }));
      expect(await listed(harness)).toEqual([...IDS].sort());
      for (const id of IDS) await harness.store.trip(byOperator(tenant(id), { mode: 'stop_all' }));
      for (const { scope, state } of await harness.store.trippedTenants()) {
        expect(state).toEqual(await stateOf(harness, scope));
      }
      await harness.store.clear(clearing(tenant('a:b')));
      expect(await listed(harness)).toEqual(IDS.filter((id) => id !== 'a:b').sort());
    });

    test('are no other scopes, and nothing that was only simulated', async () => {
      const harness = await fresh();
      for (const scope of [GLOBAL, session('acme', 's'), tool('acme', 'x'), tool(null, 'x')]) {
        await harness.store.trip(byOperator(scope));
      }
      await harness.store.trip(byOperator(tenant('acme'), { simulate: true }));
      expect(await listed(harness)).toEqual([]);
    });

    test('are those that were set by hand once they are adopted, until a hand clears them', async () => {
      const harness = await fresh();
      for (const id of IDS) await harness.byHand.set(`agent_kill_tenant:${id}`, '1');
      expect(await listed(harness)).toEqual([]);
      await harness.store.adopt([tenant('acme')], SENTINEL);
      expect(await listed(harness)).toEqual(['acme']);
      await harness.store.adoptAll(SENTINEL);
      expect(await listed(harness)).toEqual([...IDS].sort());
      await harness.byHand.set('agent_kill_tenant:a%3Ab', 'off');
      await harness.store.adoptAll(SENTINEL);
      expect(await listed(harness)).toEqual(IDS.filter((id) => id !== 'a%3Ab').sort());
    });

    test('stay so when their flag is lost', async () => {
      const harness = await fresh();
      await harness.store.trip(byOperator(tenant('acme')));
      await harness.byHand.del('agent_kill_tenant:acme');
      expect(await listed(harness)).toEqual(['acme']);
      await harness.store.adoptAll(SENTINEL);
      expect(await listed(harness)).toEqual(['acme']);
    });

    test('are no more what expired, nor what was swept', async () => {
      const harness = await fresh();
      await harness.store.trip(byOperator(tenant('a:b'), { ttlMs: MINUTE }));
      await harness.store.trip(byOperator(tenant('acme'), { ttlMs: HOUR }));
      harness.advance(MINUTE);
      expect(await listed(harness)).toEqual(['a:b', 'acme']);
      await harness.store.expire((await harness.store.time()) + HOUR, SENTINEL);
      expect(await listed(harness)).toEqual(['acme']);
      harness.advance(WEEK + HOUR);
      await harness.store.sweep(10);
      expect(await listed(harness)).toEqual(['acme']);
    });

    test('are those that a rebuild took in, or that were re-asserted', async () => {
      const harness = await bare();
      const { version } = applied(await harness.store.trip(byOperator(tenant('cleared since'))));
      await harness.store.trip(byOperator(tenant('tripped before')));
      const states = IDS.map((id) => ({ scope: `tenant:${id}`, state: stateWith({ version: 5 }) }));
      const cleared = [
        { scope: 'tenant:cleared', state: stateWith({ version: 5, mode: 'none' }) },
        { scope: 'tenant:cleared since', state: stateWith({ version: version + 1, mode: 'none' }) },
      ];
      await harness.store.initialise([...states, ...cleared], SENTINEL);
      const taken = [...IDS, 'tripped before'];
      expect(await listed(harness)).toEqual([...taken].sort());
      await harness.store.reassert([{ scope: 'tenant:back', state: stateWith({ version: 5 }) }], SENTINEL);
      expect(await listed(harness)).toEqual([...taken, 'back'].sort());
      await harness.wipe();
      expect(await listed(harness)).toEqual([]);
    });

    test('may be thousands', async () => {
      const harness = await bare();
      const states = Array.from({ length: 1_234 }, (_, each) => ({
        scope: `tenant:t${each}`,
        state: stateWith({ version: each + 1 }),
      }));
      await harness.store.initialise(states, SENTINEL);
      expect(await harness.store.trippedTenants()).toHaveLength(1_234);
    });
  });
}

async function listed({ store }: Harness): Promise<readonly string[]> {
  return (await store.trippedTenants()).map(({ scope }) => scopeText(scope).slice('tenant:'.length)).sort();
}
