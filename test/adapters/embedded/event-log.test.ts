import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedCheckpointStore } from '../../../src/adapters/embedded/checkpoint-store.ts';
import { openEnv } from '../../../src/adapters/embedded/env.ts';
import { EmbeddedEventLog } from '../../../src/adapters/embedded/event-log.ts';
import { DEFAULT_TOPICS } from '../../../src/daemon/config/config.ts';
import { checkpointStoreConformance } from '../../conformance/checkpoint-store.ts';
import { eventLogConformance } from '../../conformance/event-log.ts';

const { events, audit, kill_state: killState, dead_letter: deadLetter } = DEFAULT_TOPICS;

function temporary(): { dir: string; dispose: () => Promise<void> } {
  const dir = mkdtempSync(join(tmpdir(), 'sentinel-embedded-'));
  return { dir, dispose: async () => rmSync(dir, { recursive: true, force: true }) };
}

for (const partitions of [1, 3]) {
  eventLogConformance(`embedded, ${partitions} partitions`, async () => {
    const { dir, dispose } = temporary();
    const open = async () =>
      new EmbeddedEventLog({ env: openEnv(dir), topics: DEFAULT_TOPICS, clock: { now: () => Date.now() }, partitions });
    return { open, topics: { events, audit, killState, deadLetter }, dispose };
  });
}

checkpointStoreConformance('embedded', async () => {
  const { dir, dispose } = temporary();
  return { open: async () => new EmbeddedCheckpointStore(openEnv(dir), () => Date.now()), dispose };
});
