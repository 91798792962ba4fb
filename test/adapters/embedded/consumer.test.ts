import { rmSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { EmbeddedConsumer } from '../../../src/adapters/embedded/consumer.ts';
import { EmbeddedStore } from '../../../src/adapters/embedded/store.ts';
import { TopicTables } from '../../../src/adapters/embedded/topic-tables.ts';
import type { LogBatch } from '../../../src/ports/event-log.ts';
import { until } from '../../services/poll.ts';
import { newFolder } from './folder.ts';

test('a full disk is an outage that is said: reading goes on, and the end is a clean one', async () => {
  const dir = newFolder();
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  let room = Number.POSITIVE_INFINITY;
  let now = 1_000_000;
  const crashes: Error[] = [];
  let batches = 0;
  const store = EmbeddedStore.open(dir, () => room);
  const reader = new EmbeddedConsumer(
    store,
    new TopicTables(store),
    'events',
    1,
    { now: () => now },
    {
      assigned: async () => new Map(),
      batch: async (_: LogBatch) => void (batches += 1),
      crashed: (error) => void crashes.push(error),
    },
    () => {},
  );
  reader.start();
  expect(await until(async () => batches > 0, 5_000, 5)).toBe(true);

  room = 0;
  now += 2_000;
  expect(await until(async () => reader.outage() !== null, 5_000, 5)).toBe(true);
  expect(reader.outage()).toBe(`The disk that holds ${dir} is full: free some space; nothing was changed.`);
  const before = batches;
  now += 2_000;
  expect(await until(async () => batches > before, 5_000, 5)).toBe(true);

  room = Number.POSITIVE_INFINITY;
  now += 2_000;
  expect(await until(async () => reader.outage() === null, 5_000, 5)).toBe(true);
  room = 0;
  await reader.stop();
  expect(crashes).toEqual([]);
  await store.close();
});
