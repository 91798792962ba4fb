/** What a real broker hands out that is not as it should be, or not as we make it. */
import type { Admin, Kafka } from 'kafkajs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LogBatch, LogConsumer, LogRecord } from '../../../src/ports/event-log.ts';
import { kafkaBrokers, unique } from '../../services/context.ts';
import { type KafkaServer, startKafka } from '../../services/kafka.ts';
import { until } from '../../services/poll.ts';
import { sealed, spoilBatch } from './batches.ts';
import { plainClient, type TestLog, testLog } from './harness.ts';

const WAIT_MS = 20_000;

class Reader implements LogConsumer {
  readonly batches: LogBatch[] = [];
  readonly records: LogRecord[] = [];
  readonly crashes: Error[] = [];

  async assigned(partitions: readonly number[]): Promise<ReadonlyMap<number, number>> {
    return new Map(partitions.map((partition) => [partition, 0]));
  }

  async batch(batch: LogBatch): Promise<void> {
    this.batches.push(batch);
    this.records.push(...batch.records);
  }

  crashed(error: Error): void {
    this.crashes.push(error);
  }

  texts(partition: number): string[] {
    return this.records
      .filter((record) => record.partition === partition)
      .map(({ offset, value, damage }) => (damage === undefined ? `${offset}:${value}` : `${offset}!`));
  }
}

describe('a topic as others make it', () => {
  let kafka: Kafka;
  let admin: Admin;
  let log: TestLog;

  beforeEach(async () => {
    kafka = plainClient(kafkaBrokers());
    admin = kafka.admin();
    await admin.connect();
    log = testLog(kafkaBrokers());
  });

  afterEach(async () => {
    await log.dispose();
    await admin.disconnect();
  });

  async function makeEvents(config: Record<string, string>, partitions = 1): Promise<void> {
    const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
    await admin.createTopics({
      topics: [{ topic: log.topics.events, numPartitions: partitions, configEntries }],
      waitForLeaders: true,
    });
  }

  test.each(['gzip', 'snappy', 'lz4', 'zstd'])(
    'batches in %s, as the broker itself compresses them, are read',
    async (codec) => {
      await makeEvents({ 'compression.type': codec, 'message.timestamp.type': 'LogAppendTime' });
      const values = Array.from({ length: 500 }, (_, index) => `{"event_id":"${index}","args":"${'x'.repeat(index)}"}`);
      const opened = log.open();
      await opened.append(
        log.topics.events,
        values.map((value) => ({ key: 'k', value })),
      );
      const seen: string[] = [];
      await opened.readAll(log.topics.events, ({ value, damage }) => seen.push(damage ?? String(value)));
      expect(seen).toEqual(values);
    },
  );

  test('a topic with producer times gives the time of receipt, and says so with every batch', async () => {
    await makeEvents({ 'message.timestamp.type': 'CreateTime' });
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({ topic: log.topics.events, messages: [{ value: 'old', timestamp: '1000' }] });
    await producer.disconnect();
    const reader = new Reader();
    const before = Date.now();
    await log.open().consume(reader);
    expect(await until(() => reader.batches.some(({ records }) => records.length === 0), WAIT_MS)).toBe(true);
    expect(reader.records[0]?.appendedAt).toBeGreaterThanOrEqual(before);
    expect(reader.batches.map(({ logAppendTime }) => logAppendTime)).not.toContain(true);
  });

  test('what transactions leave in a topic is passed: control records are none, and a hanging one blinds nobody', async () => {
    await makeEvents({ 'message.timestamp.type': 'LogAppendTime' });
    const producer = kafka.producer({ transactionalId: unique('tx'), idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    for (const value of ['committed', 'aborted']) {
      const transaction = await producer.transaction();
      await transaction.send({ topic: log.topics.events, messages: [{ value }] });
      await (value === 'committed' ? transaction.commit() : transaction.abort());
    }
    const hanging = await producer.transaction();
    await hanging.send({ topic: log.topics.events, messages: [{ value: 'hanging' }] });
    const opened = log.open();
    await opened.append(log.topics.events, [{ key: null, value: 'after' }]);

    const reader = new Reader();
    await opened.consume(reader);
    expect(await until(() => reader.batches.some(({ records }) => records.length === 0), WAIT_MS)).toBe(true);
    await hanging.abort();
    await producer.disconnect();
    expect(reader.texts(0)).toEqual(['0:committed', '2:aborted', '4:hanging', '5:after']);
    expect(reader.batches.filter(({ gap }) => gap !== undefined)).toEqual([]);
    const drained = reader.batches.find(({ records, nextOffset }) => records.length === 0 && nextOffset === 6);
    expect(drained?.endOffset).toBe(6);
  });

  test('tombstones and what was compacted away end neither a read nor a follow', async () => {
    const topic = log.topics.kill_state;
    await admin.createTopics({
      topics: [
        {
          topic,
          numPartitions: 1,
          configEntries: Object.entries({
            'cleanup.policy': 'compact',
            'segment.ms': '100',
            'min.cleanable.dirty.ratio': '0.01',
            'delete.retention.ms': '100',
          }).map(([name, value]) => ({ name, value })),
        },
      ],
      waitForLeaders: true,
    });
    const opened = log.open();
    const read = async () => {
      const seen: string[] = [];
      await opened.readAll(topic, ({ key, value }) => seen.push(`${key}=${value}`));
      return seen;
    };
    // Appending rolls segments, and only rolled ones are compacted.
    const isCompacted = await until(
      async () => {
        await opened.append(topic, [
          { key: 'a', value: 'tripped' },
          { key: 'a', value: null },
          { key: 'b', value: 'tripped' },
        ]);
        return (await read()).length < (await opened.endOffset(topic, 0));
      },
      60_000,
      300,
    );
    expect(isCompacted).toBe(true);
    expect((await read()).at(-1)).toBe('b=tripped');
  });

  test('records that were dropped before they were read are told as a gap, and reading goes on behind it', async () => {
    await makeEvents({ 'message.timestamp.type': 'LogAppendTime' });
    const opened = log.open();
    await opened.append(
      log.topics.events,
      Array.from({ length: 10 }, (_, index) => ({ key: 'k', value: `${index}` })),
    );
    await admin.fetchTopicOffsets(log.topics.events); // kafkajs learns of the topic by it
    await admin.deleteTopicRecords({ topic: log.topics.events, partitions: [{ partition: 0, offset: '6' }] });
    const reader = new Reader();
    await opened.consume(reader);
    expect(await until(() => reader.records.length === 4, WAIT_MS)).toBe(true);
    expect(reader.batches.flatMap(({ gap }) => gap ?? [])).toEqual([{ from: 0, to: 6 }]);
    expect(reader.texts(0)).toEqual(['6:6', '7:7', '8:8', '9:9']);
  });

  test('a start beyond the end is no place to wait at: the log is another one, and the consumer says so', async () => {
    await makeEvents({ 'message.timestamp.type': 'LogAppendTime' });
    const reader = new Reader();
    reader.assigned = async () => new Map([[0, 100]]);
    await log.open().consume(reader);
    expect(await until(() => reader.crashes.length === 1, WAIT_MS)).toBe(true);
    expect(reader.crashes[0]).toMatchObject({ code: 'kafka_unavailable' });
    expect(reader.crashes[0]?.message).toContain('ends at 0, before 100');
  });
});

describe('a disk that lies', () => {
  let server: KafkaServer;

  beforeAll(async () => {
    server = await startKafka();
  });

  afterAll(async () => {
    await server.stop();
  });

  test.each([
    ['a flipped bit', (batch: Buffer) => void (batch[batch.length - 2]! ^= 4), 'checksum'],
    ['a codec of the future', (batch: Buffer) => void sealed(setCodec(batch, 5)), 'unknown codec 5'],
    ['no gzip where it says gzip', (batch: Buffer) => void sealed(setCodec(batch, 1)), 'not readable as gzip'],
  ])('%s costs its batch, and nothing else of its partition or of the others', async (_, change, why) => {
    const log = testLog(server.brokers);
    const opened = log.open();
    await opened.ensureTopics();
    const { events } = log.topics;
    for (const base of [0, 3, 6]) {
      const batch = (partition: number) =>
        [0, 1, 2].map((index) => ({ key: 'k', value: `${base + index}`, partition }));
      await opened.append(events, batch(0));
      await opened.append(events, batch(1));
    }
    spoilBatch(server, events, 3, change);

    const reader = new Reader();
    await opened.consume(reader);
    expect(await until(() => reader.records.length >= 16, WAIT_MS)).toBe(true);
    expect(reader.texts(0)).toEqual(['0:0', '1:1', '2:2', '3!', '6:6', '7:7', '8:8']);
    expect(reader.texts(1)).toEqual(Array.from({ length: 9 }, (_, index) => `${index}:${index}`));
    const [bad] = reader.records.filter(({ damage }) => damage !== undefined);
    expect(bad?.damage).toContain(why);
    expect(bad?.damage).toContain('offsets 3 to 5');
    expect(reader.crashes).toEqual([]);
    await log.dispose();
  });
});

function setCodec(batch: Buffer, codec: number): Buffer {
  batch.writeInt16BE((batch.readInt16BE(21) & ~7) | codec, 21);
  return batch;
}
