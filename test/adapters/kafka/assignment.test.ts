import { setImmediate as turn } from 'node:timers/promises';
import type Cluster from 'kafkajs/src/cluster/index.js';
import { expect, test } from 'vitest';
import { Assignment } from '../../../src/adapters/kafka/assignment.ts';
import { Connections } from '../../../src/adapters/kafka/connection.ts';
import type { LogBatch } from '../../../src/ports/event-log.ts';
import { writeBatch } from './batches.ts';

const TOPICS = { events: 'events', audit: 'audit', kill_state: 'kill-state', dead_letter: 'dead' };

/** A fetch answer (version 11) about partition 0. */
function answer(endOffset: number, records: Buffer): Buffer {
  const head = Buffer.alloc(4 + 6 + 4 + 2);
  head.writeInt32BE(1, 10);
  head.writeInt16BE('events'.length, 14);
  const partition = Buffer.alloc(4 + 4 + 2 + 8 + 8 + 8 + 4 + 4 + 4);
  partition.writeInt32BE(1, 0);
  partition.writeBigInt64BE(BigInt(endOffset), 10);
  partition.writeBigInt64BE(BigInt(endOffset), 18);
  partition.writeInt32BE(-1, 34);
  partition.writeInt32BE(-1, 38);
  partition.writeInt32BE(records.length, 42);
  return Buffer.concat([head, Buffer.from('events'), partition, records]);
}

const EMPTY = Buffer.alloc(0);
const batch = (base: number) =>
  writeBatch({ base, records: [0, 1].map((delta) => ({ delta, value: Buffer.from(`v${base + delta}`) })) });

/** What the consumer is given when a broker answers so, one fetch after the other. */
async function taken(answers: readonly Buffer[], wanted: number): Promise<string[]> {
  const left = [...answers];
  const cluster = {
    findTopicPartitionMetadata: () => [{ partitionId: 0, leader: 1 }],
    findBroker: async () => ({
      lookupRequest: () => () => ({ request: { apiKey: 1, apiVersion: 11, apiName: 'Fetch' } }),
      connectionPool: {
        send: async ({ response }: { response: { decode(raw: Buffer): Promise<unknown> } }) => {
          await turn();
          return response.decode(left.shift() ?? answer(wanted, EMPTY));
        },
      },
    }),
  } as unknown as Cluster;
  const log = () => {};
  const clock = { now: () => 1_800_000_000_000, monotonic: () => performance.now() };
  const connections = new Connections({ brokers: ['127.0.0.1:1'], groupId: 'g', topics: TOPICS, clock, log });
  const seen: string[] = [];
  const consumer = {
    assigned: async () => new Map([[0, 0]]),
    batch: async ({ records }: LogBatch) => {
      for (const { offset, value, damage } of records)
        seen.push(damage === undefined ? `${offset}:${value}` : `${offset}!`);
      if (seen.length >= wanted) assignment.close();
    },
    crashed: () => {},
  };
  const membership = { isLapsed: () => false, heartbeat: async () => {} };
  const assignment: Assignment = new Assignment(connections, cluster, [0], consumer, membership);
  assignment.start(new Map([[0, 0]]));
  await assignment.over;
  await assignment.settled();
  return seen;
}

test('a batch appended while the broker answers, beyond the end that it tells, is read with the next answer', async () => {
  const answers = [answer(2, Buffer.concat([batch(0), batch(2)])), answer(4, Buffer.concat([batch(0), batch(2)]))];
  expect(await taken(answers, 4)).toEqual(['0:v0', '1:v1', '2:v2', '3:v3']);
});

test('what still lies beyond the end when it is asked for again is damaged, and said to be', async () => {
  const answers = [answer(3, Buffer.concat([batch(0), batch(2)])), answer(3, Buffer.concat([batch(0), batch(2)]))];
  expect(await taken(answers, 3)).toEqual(['0:v0', '1:v1', '2!']);
});
