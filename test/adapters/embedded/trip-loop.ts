import { openEmbeddedKillStore } from '../../../src/adapters/embedded/kill-store.ts';
import { byOperator, session } from '../../conformance/kill-store/harness.ts';

/** A process that terminates one session after the other, and prints each number once it is acknowledged. To be killed. */
const store = openEmbeddedKillStore({ dir: process.argv[2] ?? '', clock: { now: () => Date.now() } });
for (let count = 0; ; count++) {
  await store.trip(byOperator(session('acme', `s${count}`)));
  process.stdout.write(`${count}\n`);
  // Nothing else gives the pipe its turn.
  await new Promise((resolve) => setImmediate(resolve));
}
