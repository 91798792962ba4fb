/** Who owns which partition, and what happens while Kafka is away. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KafkaEventLog } from '../../../src/adapters/kafka/event-log.ts';
import type { LogBatch, LogConsumer } from '../../../src/ports/event-log.ts';
import { kafkaBrokers } from '../../services/context.ts';
import { startKafka } from '../../services/kafka.ts';
import { until } from '../../services/poll.ts';
import { freePorts } from '../../services/ports.ts';
import { plainClient, type TestLog, testLog } from './harness.ts';

const WAIT_MS = 40_000;

/** What a group's members processed together: as the checkpoints would say it. */
class Ledger {
  readonly next = new Map<number, number>();
  readonly processed: string[] = [];
  readonly faults: string[] = [];
  readonly owners = new Map<number, string>();
}

/** Reads on from where the ledger says, and writes down whatever breaks the protocol. */
class Member implements LogConsumer {
  readonly name: string;
  readonly ledger: Ledger;
  readonly assignments: (readonly number[])[] = [];
  readonly crashes: Error[] = [];
  restore: () => Promise<void> = async () => {};
  inBatch: (batch: LogBatch) => Promise<void> = async () => {};
  #isRestoring = true;
  #mine: readonly number[] = [];

  constructor(name: string, ledger: Ledger) {
    this.name = name;
    this.ledger = ledger;
  }

  get mine(): readonly number[] {
    return this.#isRestoring ? [] : this.#mine;
  }

  async assigned(partitions: readonly number[]): Promise<ReadonlyMap<number, number>> {
    this.#isRestoring = true;
    this.assignments.push(partitions);
    await this.restore();
    this.#mine = partitions;
    this.#isRestoring = false;
    for (const partition of partitions) this.ledger.owners.set(partition, this.name);
    return new Map(partitions.map((partition) => [partition, this.ledger.next.get(partition) ?? 0]));
  }

  async batch(batch: LogBatch): Promise<void> {
    const { partition, records, nextOffset } = batch;
    const { ledger } = this;
    if (this.#isRestoring) ledger.faults.push(`${this.name} got a batch of ${partition} before its restore was over`);
    if (ledger.owners.get(partition) !== this.name)
      ledger.faults.push(`${this.name} got a batch of ${partition}, not its own`);
    const [first] = [...records].map(({ offset }) => offset);
    const expected = ledger.next.get(partition) ?? 0;
    if (first !== undefined && first !== expected) ledger.faults.push(`${partition}: ${first} after ${expected - 1}`);
    await this.inBatch(batch);
    if (batch.isStale()) return;
    if (ledger.owners.get(partition) !== this.name)
      ledger.faults.push(`${this.name} finished a batch of ${partition}, taken by another`);
    for (const { offset } of records) ledger.processed.push(`${partition}/${offset}`);
    if (records.length > 0) ledger.next.set(partition, nextOffset);
  }

  crashed(error: Error): void {
    this.crashes.push(error);
  }
}

describe('a group of two', () => {
  let log: TestLog;
  let ledger: Ledger;
  let first: KafkaEventLog;
  let second: KafkaEventLog;

  beforeEach(async () => {
    log = testLog(kafkaBrokers(), { events: 4 });
    ledger = new Ledger();
    first = log.open();
    second = log.open();
    await first.ensureTopics();
  });

  afterEach(() => log.dispose());

  async function append(from: number, count: number): Promise<void> {
    const messages = [0, 1, 2, 3].flatMap((partition) =>
      Array.from({ length: count }, (_, index) => ({ key: 'k', value: `${from + index}`, partition })),
    );
    await first.append(log.topics.events, messages);
  }

  test('joining and leaving: each partition has one owner, a restore before every batch, every offset once', async () => {
    const a = new Member('a', ledger);
    const b = new Member('b', ledger);
    for (const member of [a, b]) {
      member.restore = () => new Promise((resolve) => setTimeout(resolve, 50));
      member.inBatch = () => new Promise((resolve) => setTimeout(resolve, 5));
    }
    let isOver = false;
    let written = 0;
    const writing = (async () => {
      while (!isOver) {
        await append(written, 5);
        written += 5;
      }
    })();

    await first.consume(a);
    expect(await until(() => a.mine.length === 4 && ledger.processed.length > 100, WAIT_MS)).toBe(true);
    const joined = await second.consume(b);
    expect(await until(() => a.mine.length === 2 && b.mine.length === 2, WAIT_MS)).toBe(true);
    const atJoin = ledger.processed.length;
    expect(await until(() => ledger.processed.length > atJoin + 100, WAIT_MS)).toBe(true);
    await joined.stop();
    expect(await until(() => a.mine.length === 4, WAIT_MS)).toBe(true);
    isOver = true;
    await writing;
    expect(await until(() => ledger.processed.length >= written * 4, WAIT_MS)).toBe(true);

    expect(ledger.faults).toEqual([]);
    expect(new Set(ledger.processed).size).toBe(written * 4);
    expect(ledger.processed).toHaveLength(written * 4);
    expect([...a.crashes, ...b.crashes]).toEqual([]);
  });

  test('a long batch keeps its partitions: the group waits for it, it learns that it is stale, and its work does not count', async () => {
    const a = new Member('a', ledger);
    const b = new Member('b', ledger);
    let inHand: LogBatch | null = null;
    let release = () => {};
    a.inBatch = (batch) => {
      if (batch.records.length === 0 || inHand !== null) return Promise.resolve();
      inHand = batch;
      return new Promise((resolve) => {
        release = resolve;
      });
    };
    await first.consume(a);
    await first.append(log.topics.events, [{ key: 'k', value: '0', partition: 2 }]);
    expect(await until(() => inHand !== null, WAIT_MS)).toBe(true);
    const joining = second.consume(b);
    expect(await until(() => inHand?.isStale() ?? false, WAIT_MS)).toBe(true);
    expect(b.assignments).toEqual([]);
    release();
    await joining;
    expect(await until(() => ledger.processed.length === 1, WAIT_MS)).toBe(true);
    expect(ledger.faults).toEqual([]);
    expect(ledger.processed).toEqual(['2/0']);
  });

  test('commits show the lag of the group; those for partitions of others are left out', async () => {
    const a = new Member('a', ledger);
    const subscription = await first.consume(a);
    await append(0, 5);
    expect(await until(() => ledger.processed.length === 20, WAIT_MS)).toBe(true);
    await subscription.commit(1, 5);
    await subscription.commit(17, 5);
    const admin = plainClient(kafkaBrokers()).admin();
    await admin.connect();
    const [committed] = await admin.fetchOffsets({ groupId: log.groupId, topics: [log.topics.events] });
    await admin.disconnect();
    const offsets = new Map(committed?.partitions.map(({ partition, offset }) => [partition, offset]));
    expect([offsets.get(0), offsets.get(1)]).toEqual(['-1', '5']);
  });

  test('a topic that gains partitions is assigned anew, with all of them', async () => {
    const a = new Member('a', ledger);
    await log.open({ metadataMaxAgeMs: 300 }).consume(a);
    expect(await until(() => a.mine.length === 4, WAIT_MS)).toBe(true);
    const admin = plainClient(kafkaBrokers()).admin();
    await admin.connect();
    await admin.createPartitions({ topicPartitions: [{ topic: log.topics.events, count: 6 }] });
    await admin.disconnect();
    expect(await until(() => a.mine.length === 6, WAIT_MS)).toBe(true);
    const wrote = await until(async () => {
      await second.append(log.topics.events, [{ key: 'k', value: '0', partition: 5 }]);
      return true;
    }, WAIT_MS);
    expect(wrote).toBe(true);
    expect(await until(() => ledger.processed.includes('5/0'), WAIT_MS)).toBe(true);
    expect(ledger.faults).toEqual([]);
  });
});

describe('a broker that is away', () => {
  test('at the start is said in one retryable sentence that names it, by every call', async () => {
    const [port] = await freePorts(1);
    const log = testLog([`127.0.0.1:${port}`]);
    const opened = log.open();
    const { events } = log.topics;
    const calls = [
      opened.identity(),
      opened.ensureTopics(),
      opened.append(events, [{ key: null, value: 'x' }]),
      opened.endOffset(events, 0),
      opened.readAll(events, () => {}),
      opened.consume(new Member('a', new Ledger())),
    ];
    for (const result of await Promise.allSettled(calls)) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'kafka_unavailable', retryable: true } });
      const { message } = (result as PromiseRejectedResult).reason as Error;
      expect(message).toContain(`127.0.0.1:${port}`);
      expect(message).not.toContain('\n');
    }
    await opened.close();
  });

  test('and comes back: consuming and appending go on by themselves, and the outage was told', async () => {
    const server = await startKafka();
    const log = testLog(server.brokers);
    const ledger = new Ledger();
    const member = new Member('a', ledger);
    const opened = log.open();
    await opened.ensureTopics();
    const subscription = await opened.consume(member);
    const append = (value: string) => opened.append(log.topics.events, [{ key: 'k', value, partition: 0 }]);
    await append('0');
    expect(await until(() => ledger.processed.length === 1, WAIT_MS)).toBe(true);

    await server.kill();
    expect(await until(() => subscription.outage() !== null, WAIT_MS)).toBe(true);
    expect(subscription.outage()).toContain(server.brokers[0]);
    await expect(append('lost')).rejects.toMatchObject({ code: 'kafka_unavailable', retryable: true });

    await server.start();
    expect(await until(() => append('1').then(() => true), WAIT_MS)).toBe(true);
    expect(await until(() => ledger.processed.length >= 2, WAIT_MS)).toBe(true);
    expect(await until(() => subscription.outage() === null, WAIT_MS)).toBe(true);
    expect(ledger.faults).toEqual([]);
    expect(member.crashes).toEqual([]);
    await log.dispose();
    await server.stop();
  });
});
