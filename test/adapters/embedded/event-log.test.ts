import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openEmbeddedCheckpointStore } from '../../../src/adapters/embedded/checkpoint-store.ts';
import { openEmbeddedEventLog } from '../../../src/adapters/embedded/event-log.ts';
import { DEFAULT_TOPICS } from '../../../src/daemon/config/config.ts';
import { checkpointStoreConformance } from '../../conformance/checkpoint-store.ts';
import { eventLogConformance } from '../../conformance/event-log.ts';
import { newFolder } from './folder.ts';

const { kill_state: killState } = DEFAULT_TOPICS;

function temporary(): { dir: string; dispose: () => Promise<void> } {
  const dir = newFolder();
  return { dir, dispose: async () => rmSync(dir, { recursive: true, force: true }) };
}

for (const partitions of [1, 3]) {
  eventLogConformance(`embedded, ${partitions} partitions`, async () => {
    const { dir, dispose } = temporary();
    const open = async () =>
      openEmbeddedEventLog({ dir, topics: DEFAULT_TOPICS, clock: { now: () => Date.now() }, partitions });
    return { open, topics: DEFAULT_TOPICS, dispose };
  });
}

checkpointStoreConformance('embedded', async () => {
  const { dir, dispose } = temporary();
  return { open: async () => openEmbeddedCheckpointStore({ dir, clock: { now: () => Date.now() } }), dispose };
});

test('of every key of the kill state only the newest record is kept, whatever the key is made of', async () => {
  const { dir, dispose } = temporary();
  const log = openEmbeddedEventLog({ dir, topics: DEFAULT_TOPICS, clock: { now: () => Date.now() } });
  const keys = [
    'tenant:a',
    'tenant:a\0b',
    'tenant:a\0',
    `tool::${'x'.repeat(5_000)}`,
    `tool::${'x'.repeat(5_000)}y`,
    'ü🛑',
  ];
  for (const value of ['old', 'new'])
    await log.append(
      killState,
      keys.map((key) => ({ key, value: value + key })),
    );
  const found: string[] = [];
  await log.readAll(killState, ({ value }) => found.push(Buffer.from(value ?? []).toString()));
  expect(found).toEqual(keys.map((key) => `new${key}`));
  await log.close();
  await dispose();
});
