import { openEmbeddedEventLog } from '../../../src/adapters/embedded/event-log.ts';
import { DEFAULT_TOPICS } from '../../../src/daemon/config/config.ts';

/** A process that appends for ever, and prints each offset once it is acknowledged. To be killed. */
const dir = process.argv[2] ?? '';
const log = openEmbeddedEventLog({ dir, topics: DEFAULT_TOPICS, clock: { now: () => Date.now() } });
for (let count = 0; ; count++) {
  const [place] = await log.append(DEFAULT_TOPICS.events, [{ key: 'k', value: String(count) }]);
  process.stdout.write(`${place?.offset}\n`);
}
