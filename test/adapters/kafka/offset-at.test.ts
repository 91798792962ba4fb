import type Cluster from 'kafkajs/src/cluster/index.js';
import { expect, test } from 'vitest';
import { offsetAt } from '../../../src/adapters/kafka/topics.ts';

const TOPIC = 'events';

/** A partition to which somebody appends a record after every question. */
function growing(times: number[]): Cluster {
  const offsetOf = (question: { fromTimestamp?: number }): number => {
    const { fromTimestamp } = question;
    return fromTimestamp === undefined ? times.length : times.findIndex((time) => time >= fromTimestamp);
  };
  return {
    fetchTopicsOffset: async ([question]: [{ fromTimestamp?: number }]) => {
      const offset = String(offsetOf(question));
      times.push(1_000);
      return [{ topic: TOPIC, partitions: [{ partition: 0, offset }] }];
    },
  } as unknown as Cluster;
}

test('a record that is appended while the log is asked where to begin is not passed over', async () => {
  expect(await offsetAt(growing([]), TOPIC, 0, 500)).toBe(0);
  expect(await offsetAt(growing([1, 2, 3]), TOPIC, 0, 500)).toBe(3);
});

test('where everything is older reading begins no later than at the end', async () => {
  expect(await offsetAt(growing([1, 2, 3]), TOPIC, 0, 5_000)).toBe(3);
});
