import { expect, test } from 'vitest';
import { openEmbeddedKillStore } from '../../src/adapters/embedded/kill-store.ts';
import { createGuard } from '../../src/guard/index.ts';
import { newFolder } from '../adapters/embedded/folder.ts';
import { byOperator, SENTINEL, tenant } from '../conformance/kill-store/harness.ts';
import { CONFIG } from './harness.ts';

test('an embedded guard follows names that are published while it runs, and goes on in the same folder', async () => {
  const dir = newFolder();
  const store = openEmbeddedKillStore({ dir, clock: { now: () => Date.now() } });
  await store.publishConfig(CONFIG);
  await store.initialise([], SENTINEL);
  const guard = await createGuard({ embedded: dir, cacheTtlS: 3_600, onError: () => {} });
  const opened = await guard.session({ tenantId: 'acme', sessionId: 's1' });
  await store.publishConfig({
    ...CONFIG,
    mode_when_enabled: 'stop_all',
    names: { ...CONFIG.names, global_flag: 'halt' },
  });
  await guard.refresh();
  expect(opened.check('db.write')).toEqual({ allowed: true });
  await store.trip(byOperator(tenant('acme')));
  await guard.refresh();
  expect(opened.check('db.write')).toMatchObject({ code: 'writes_disabled' });
  await guard.close();
  expect((await store.guards()).length).toBe(0);
  await store.close();
});
