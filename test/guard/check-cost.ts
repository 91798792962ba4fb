/** Run as a process of its own, where nothing but the guard allocates: prints the bytes that an allowed check costs. */
import { rmSync } from 'node:fs';
import { openEmbeddedKillStore } from '../../src/adapters/embedded/kill-store.ts';
import { createGuard } from '../../src/guard/index.ts';
import { newFolder } from '../adapters/embedded/folder.ts';
import { byOperator, SENTINEL, tool } from '../conformance/kill-store/harness.ts';

const ROUNDS = 300_000;
const S = { tenantId: 'acme', sessionId: 's1' };

const dir = newFolder();
const store = openEmbeddedKillStore({ dir, clock: { now: () => Date.now() } });
await store.initialise([], SENTINEL);
await store.trip(byOperator(tool('acme', 'other.*')));
const guard = await createGuard({ embedded: dir, cacheTtlS: 3_600 });
const session = await guard.session(S);
const request = { ...S, tool: 'db.write' };
const read = { kind: 'read' } as const;

/** The least of several runs: the machine that measures allocates too. */
function bytesPerCheck(check: () => boolean): number {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 8; run += 1) {
    const before = process.memoryUsage().heapUsed;
    let denied = 0;
    for (let each = 0; each < ROUNDS; each += 1) if (!check()) denied += 1;
    const bytes = (process.memoryUsage().heapUsed - before) / ROUNDS;
    if (denied > 0) throw new Error(`${denied} checks were denied`);
    // A collection in between shows as less than nothing.
    if (bytes >= 0) least = Math.min(least, bytes);
  }
  return least;
}

const cost = {
  read: bytesPerCheck(() => session.check('doc.read', read).allowed),
  write: bytesPerCheck(() => session.check('db.write').allowed),
  model: bytesPerCheck(() => session.checkModel().allowed),
  byIds: bytesPerCheck(() => guard.check(request).allowed),
};
await guard.close();
await store.close();
rmSync(dir, { recursive: true, force: true });
process.stdout.write(JSON.stringify(cost));
