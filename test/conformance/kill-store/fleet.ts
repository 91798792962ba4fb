import { describe, expect, test } from 'vitest';
import type { PublishedConfig } from '../../../src/ports/kill-store.ts';
import type { Fixture } from './laws.ts';

const CONFIG: PublishedConfig = {
  tools: { write: ['email.send', 'ticket.*'], read: [] },
  names: {
    global_flag: 'agent_kill_global',
    per_tenant_flag_prefix: 'agent_kill_tenant:',
    per_session_flag_prefix: 'agent_kill_session:',
    disabled_tools_key: 'agent_disabled_tools',
  },
  mode_when_enabled: 'disable_writes',
  cache_ttl_s: 2,
};

/** What guards and daemons tell each other through the store. */
export function fleetLaws({ bare }: Fixture): void {
  describe('guards', () => {
    test('report what they enforce, stamped with the store’s time, and are forgotten by name', async () => {
      const { store, advance } = await bare();
      expect(await store.guards()).toEqual([]);
      const before = await store.time();
      const report = { id: 'g:1', version: 9_007_199_254_740_990, epoch: 'e', in_flight: 3, at: 1 };
      await store.acknowledgeGuard(report);
      await store.acknowledgeGuard({ ...report, id: 'g2', epoch: null });
      const [first] = (await store.guards()).filter((guard) => guard.id === 'g:1');
      expect(first).toEqual({ ...report, at: first?.at });
      expect(first?.at).toBeGreaterThanOrEqual(before);
      advance(1_000);
      await store.acknowledgeGuard({ ...report, in_flight: 0 });
      const again = (await store.guards()).find((guard) => guard.id === 'g:1');
      expect(again?.in_flight).toBe(0);
      expect(again?.at).toBeGreaterThanOrEqual((first?.at ?? 0) + 1_000);
      await store.forgetGuard('g:1');
      expect((await store.guards()).map((guard) => guard.id)).toEqual(['g2']);
    });
  });

  describe('sessions', () => {
    test('are registered per tenant with their parent; without one it is empty', async () => {
      const { store } = await bare();
      await store.registerSession('a:b', 's:%', 'p');
      await store.registerSession('c', 's:%', null);
      expect(await store.sessionParents('s:%')).toEqual(
        new Map([
          ['a:b', 'p'],
          ['c', ''],
        ]),
      );
      expect(await store.sessionParents('unknown')).toEqual(new Map());
    });

    test('make their tenants known, the latest first, until 30 days after', async () => {
      const { store, advance } = await bare();
      expect(await store.knownTenants(10)).toEqual([]);
      await store.registerSession('a:b', 's1', null);
      advance(1_000);
      await store.registerSession('c', 's1', null);
      advance(1_000);
      await store.registerSession('a:b', 's2', 'p');
      expect(await store.knownTenants(10)).toEqual(['a:b', 'c']);
      expect(await store.knownTenants(1)).toEqual(['a:b']);
      advance(30 * 86_400_000 + 1_000);
      await store.registerSession('d', 's', null);
      expect(await store.knownTenants(10)).toEqual(['d']);
    });

    test('keep a parent that is known when somebody registers them without one', async () => {
      const { store } = await bare();
      await store.registerSession('a', 's', null);
      await store.registerSession('a', 's', 'p');
      await store.registerSession('a', 's', null);
      expect(await store.sessionParents('s')).toEqual(new Map([['a', 'p']]));
    });
  });

  test('what guards must agree on is read as it was published last', async () => {
    const { store } = await bare();
    expect(await store.config()).toBeNull();
    await store.publishConfig(CONFIG);
    const later: PublishedConfig = { ...CONFIG, mode_when_enabled: 'stop_all', cache_ttl_s: 1 };
    await store.publishConfig(later);
    expect(await store.config()).toEqual(later);
  });

  test('the store’s clock is epoch ms and moves on', async () => {
    const { store, advance } = await bare();
    const before = await store.time();
    expect(Number.isInteger(before)).toBe(true);
    advance(1_000);
    expect(await store.time()).toBeGreaterThanOrEqual(before + 1_000);
  });
}
