/** What every event log must keep (ports/event-log.ts). An adapter's test is one call of this, and its own regressions. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type {
  EventLog,
  LogBatch,
  LogConsumer,
  LogRecord,
  LogSubscription,
  OutMessage,
  Topics,
} from '../../src/ports/event-log.ts';
import { until } from '../services/poll.ts';
import { kept } from '../support/kept-record.ts';

export interface EventLogHarness {
  /** Opens the same log, as a process does that starts. One handle at a time: the one before is closed first. */
  open(): Promise<EventLog>;
  readonly topics: Topics;
  /** Removes what the test left behind. */
  dispose(): Promise<void>;
}

const WAIT_MS = 30_000;

/** @param make a new, empty log for each test */
export function eventLogConformance(name: string, make: () => Promise<EventLogHarness>): void {
  describe(`event log: ${name}`, () => {
    let harness: EventLogHarness;
    let log: EventLog;
    let events: string;
    const subscriptions: LogSubscription[] = [];

    beforeEach(async () => {
      harness = await make();
      events = harness.topics.events;
      log = await harness.open();
      await log.ensureTopics();
    });

    afterEach(async () => {
      for (const subscription of subscriptions.splice(0)) await subscription.stop();
      await log.close();
      await harness.dispose();
    });

    async function reopen(): Promise<void> {
      await log.close();
      log = await harness.open();
    }

    async function consume(consumer: LogConsumer): Promise<LogSubscription> {
      const subscription = await log.consume(consumer);
      subscriptions.push(subscription);
      return subscription;
    }

    async function read(topic: string): Promise<LogRecord[]> {
      const records: LogRecord[] = [];
      await log.readAll(topic, (record) => records.push(kept(record)));
      return records;
    }

    test('a log is the same log after it was closed and opened again, and making its topics twice changes nothing', async () => {
      const identity = await log.identity();
      await log.append(events, [message('a', '1')]);
      await reopen();
      await log.ensureTopics();
      expect(identity).not.toBe('');
      expect(await log.identity()).toBe(identity);
      expect(await read(events)).toHaveLength(1);
    });

    test('every topic has at least one partition, numbered from 0', async () => {
      for (const topic of Object.values(harness.topics)) {
        const partitions = await log.partitions(topic);
        expect([...partitions].sort((a, b) => a - b)).toEqual(Array.from(partitions, (_, index) => index));
        expect(partitions.length).toBeGreaterThan(0);
      }
    });

    test('what was appended is read back as it was: key, bytes, headers, tombstones', async () => {
      const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
      await log.append(harness.topics.dead_letter, [
        { key: 'k', value: 'text ✓', headers: { reason: 'not JSON', where: 'ü' }, partition: 0 },
        { key: null, value: bytes, partition: 0 },
        { key: 'gone', value: null, partition: 0 },
        { key: '', value: '', partition: 0 },
      ]);
      const [text, binary, tombstone, empty] = await read(harness.topics.dead_letter);
      expect([utf8(text?.key), utf8(text?.value)]).toEqual(['k', 'text ✓']);
      expect([utf8(text?.headers.reason), utf8(text?.headers.where)]).toEqual(['not JSON', 'ü']);
      expect(binary?.key).toBeNull();
      expect(Buffer.from(binary?.value ?? []).equals(bytes)).toBe(true);
      expect(tombstone?.value).toBeNull();
      expect([empty?.key?.length, empty?.value?.length]).toEqual([0, 0]);
      expect(text?.damage).toBeUndefined();
    });

    test('a value of 900 kB passes', async () => {
      const value = Buffer.alloc(900_000, 'x');
      await log.append(events, [{ key: 'big', value }]);
      const [record] = await read(events);
      expect(Buffer.from(record?.value ?? []).equals(value)).toBe(true);
    });

    test('where messages would go is where they go', async () => {
      const keys = Array.from({ length: 30 }, (_, n) => `tenant-${n}`);
      for (const topic of [events, harness.topics.audit]) {
        const said = await log.partitionsOf(topic, keys);
        const places = await log.append(
          topic,
          keys.map((key) => ({ key, value: 'x' })),
        );
        expect(said).toEqual(places.map(({ partition }) => partition));
      }
    });

    test('append tells where each message stands: in order, offsets of a partition without holes from 0', async () => {
      const places = await log.append(events, numbered(0, 20, 0));
      expect(places.map((place) => place.partition)).toEqual(Array.from({ length: 20 }, () => 0));
      expect(places.map((place) => place.offset)).toEqual(Array.from({ length: 20 }, (_, index) => index));
      expect(await log.append(events, [])).toEqual([]);
    });

    test('the same key goes to the same partition', async () => {
      const first = await log.append(events, [message('tenant-1', 'a'), message('tenant-2', 'b')]);
      const second = await log.append(events, [message('tenant-2', 'c'), message('tenant-1', 'd')]);
      expect(second[1]?.partition).toBe(first[0]?.partition);
      expect(second[0]?.partition).toBe(first[1]?.partition);
    });

    test('appends at the same time lose and repeat nothing, and each keeps its own order', async () => {
      const writers = Array.from({ length: 25 }, (_, writer) => writer);
      const places = await Promise.all(
        writers.map((writer) =>
          log.append(
            events,
            Array.from({ length: 8 }, (_, index) => message('one key', `${writer}:${index}`)),
          ),
        ),
      );
      const records = await read(events);
      expect(new Set(places.flat().map((place) => `${place.partition}/${place.offset}`)).size).toBe(200);
      for (const writer of writers) {
        const mine = records.map((record) => utf8(record.value)).filter((text) => text?.startsWith(`${writer}:`));
        expect(mine).toEqual(Array.from({ length: 8 }, (_, index) => `${writer}:${index}`));
      }
    });

    test('append to a topic that is not there rejects, and harms no append beside it', async () => {
      const [wrong, right] = await Promise.allSettled([
        log.append(`${events}-that-is-not-there`, [message('a', '1')]),
        log.append(events, [message('a', '1')]),
      ]);
      expect(wrong.status).toBe('rejected');
      expect(right.status).toBe('fulfilled');
      expect(await read(events)).toHaveLength(1);
    });

    test('records carry the append time, which never runs backwards within a partition', async () => {
      const before = Date.now();
      for (let index = 0; index < 3; index++) await log.append(events, numbered(index * 10, 10, 0));
      const times = (await read(events)).map((record) => record.appendedAt);
      expect(times.every((time) => Number.isInteger(time) && time >= before - 5 && time <= Date.now() + 5)).toBe(true);
      expect([...times].sort((a, b) => a - b)).toEqual(times);
    });

    test('the end offset is one after the last record; 0 in an empty partition', async () => {
      expect(await log.endOffset(events, 0)).toBe(0);
      await log.append(events, numbered(0, 7, 0));
      expect(await log.endOffset(events, 0)).toBe(7);
    });

    test('offsetAt finds the first record appended at or after a time, and the end where there is none', async () => {
      for (let index = 0; index < 4; index++) {
        await log.append(events, numbered(index, 1, 0));
        const now = Date.now();
        await until(() => Date.now() > now + 2, 1000, 1);
      }
      const times = (await read(events)).map((record) => record.appendedAt);
      for (const [offset, time] of times.entries()) expect(await log.offsetAt(events, 0, time)).toBe(offset);
      expect(await log.offsetAt(events, 0, 0)).toBe(0);
      expect(await log.offsetAt(events, 0, Date.now() + 60_000)).toBe(4);
    });

    test('readAll ends at the present end, partition by partition in offset order, also where there is nothing', async () => {
      expect(await read(harness.topics.kill_state)).toEqual([]);
      const partitions = await log.partitions(events);
      for (const partition of partitions) await log.append(events, numbered(0, 30, partition));
      const records = await read(events);
      const wanted = partitions.flatMap((partition) =>
        Array.from({ length: 30 }, (_, offset) => `${partition}/${offset}`),
      );
      expect(records.map((record) => `${record.partition}/${record.offset}`)).toEqual(wanted);
      expect(records.every((record) => record.topic === events)).toBe(true);
    });

    test('readLast visits the newest records of all partitions, oldest first, and no more than asked for', async () => {
      const newest = async (count: number) => {
        const seen: (string | null)[] = [];
        await log.readLast(harness.topics.audit, count, (record) => seen.push(utf8(record.value)));
        return seen;
      };
      expect(await newest(5)).toEqual([]);
      for (const value of ['1', '2', '3', '4']) {
        await log.append(harness.topics.audit, [message(`key ${value}`, value)]);
        const now = Date.now();
        await until(() => Date.now() > now + 2, 1000, 1);
      }
      expect(await newest(3)).toEqual(['2', '3', '4']);
      expect(await newest(100)).toEqual(['1', '2', '3', '4']);
    });

    test('follow from the start sees old and new records, and resolves when it is aborted', async () => {
      await log.append(harness.topics.audit, [message('a', 'old')]);
      const seen: (string | null)[] = [];
      const stop = new AbortController();
      const done = log.follow(harness.topics.audit, 'start', (record) => seen.push(utf8(record.value)), stop.signal);
      expect(await until(() => seen.length === 1, WAIT_MS)).toBe(true);
      await log.append(harness.topics.audit, [message('a', 'new')]);
      expect(await until(() => seen.length === 2, WAIT_MS)).toBe(true);
      stop.abort();
      await done;
      expect(seen).toEqual(['old', 'new']);
    });

    test('follow from the end sees only what comes after it began', async () => {
      await log.append(harness.topics.audit, [message('a', 'old')]);
      const seen: (string | null)[] = [];
      const stop = new AbortController();
      const done = log.follow(harness.topics.audit, 'end', (record) => seen.push(utf8(record.value)), stop.signal);
      // When exactly it began nobody can see from outside: append until the first one comes through.
      await until(async () => {
        await log.append(harness.topics.audit, [message('a', 'new')]);
        return seen.length > 0;
      }, WAIT_MS);
      stop.abort();
      await done;
      expect(new Set(seen)).toEqual(new Set(['new']));
    });

    test('follow that was aborted before it began resolves at once', async () => {
      await log.follow(harness.topics.audit, 'start', () => {}, AbortSignal.abort());
    });

    test('assigned comes first, with every partition, and no batch before it resolved', async () => {
      await log.append(events, numbered(0, 5, 0));
      const spy = new Spy();
      let release = () => {};
      const restored = new Promise<void>((resolve) => {
        release = resolve;
      });
      spy.beforeStart = () => restored;
      await consume(spy);
      expect(await until(() => spy.assignments.length === 1, WAIT_MS)).toBe(true);
      await log.append(events, numbered(5, 5, 0));
      expect(spy.batches).toEqual([]);
      release();
      expect(await until(() => spy.records.length === 10, WAIT_MS)).toBe(true);
      expect([...(spy.assignments[0] ?? [])].sort((a, b) => a - b)).toEqual(
        [...(await log.partitions(events))].sort((a, b) => a - b),
      );
    });

    test('every record from the given starts on is delivered once and in order', async () => {
      const partitions = await log.partitions(events);
      for (const partition of partitions) await log.append(events, numbered(0, 50, partition));
      const spy = new Spy();
      spy.startAt = (partition) => (partition === 0 ? 20 : 0);
      await consume(spy);
      for (const partition of partitions) await log.append(events, numbered(50, 50, partition));
      const wanted = partitions.length * 100 - 20;
      expect(await until(() => spy.records.length >= wanted, WAIT_MS)).toBe(true);
      for (const partition of partitions) {
        const first = partition === 0 ? 20 : 0;
        const mine = spy.records.filter((record) => record.partition === partition);
        expect(mine.map((record) => record.offset)).toEqual(Array.from({ length: 100 - first }, (_, i) => i + first));
        expect(mine.map((record) => utf8(record.value))).toEqual(mine.map((record) => String(record.offset)));
      }
    });

    test('batches of a partition follow on one another, one at a time, and say where to go on', async () => {
      await log.append(events, numbered(0, 300, 0));
      const spy = new Spy();
      await consume(spy);
      for (let index = 3; index < 6; index++) await log.append(events, numbered(index * 100, 100, 0));
      expect(await until(() => spy.records.length === 600, WAIT_MS)).toBe(true);
      expect(spy.greatestConcurrency).toBe(1);
      let next = 0;
      for (const batch of spy.batches.filter((each) => each.partition === 0)) {
        expect([...batch.records].map((record) => record.offset)).toEqual(
          Array.from({ length: batch.records.length }, (_, index) => next + index),
        );
        next += batch.records.length;
        expect(batch.nextOffset).toBe(next);
        expect(batch.endOffset).toBeGreaterThanOrEqual(next);
        expect(batch.logAppendTime).toBe(true);
        expect(batch.gap).toBeUndefined();
      }
    });

    test('a drained partition says so with empty batches, again and again, asked for after the record before it', async () => {
      const spy = new Spy();
      await consume(spy);
      const empty = () => spy.batches.filter((batch) => batch.partition === 0 && batch.records.length === 0);
      expect(await until(() => empty().length > 0, WAIT_MS)).toBe(true);
      expect([empty()[0]?.nextOffset, empty()[0]?.endOffset]).toEqual([0, 0]);

      await log.append(events, numbered(0, 3, 0));
      expect(await until(() => spy.records.length === 3, WAIT_MS)).toBe(true);
      const drained = () => empty().filter((batch) => batch.nextOffset === 3 && batch.endOffset === 3);
      expect(await until(() => drained().length >= 2, WAIT_MS)).toBe(true);
      const [first, second] = drained();
      expect(second?.askedAt).toBeGreaterThan(first?.askedAt ?? Number.NaN);
      expect(first?.askedAt).toBeGreaterThanOrEqual(spy.records[2]?.appendedAt ?? Number.NaN);
    });

    test('a paused partition gives no batch until it is resumed, the others go on', async () => {
      const spy = new Spy();
      const subscription = await consume(spy);
      expect(await until(() => spy.assignments.length === 1, WAIT_MS)).toBe(true);
      const other = (await log.partitions(events)).at(-1) ?? 0;
      subscription.pause(0);
      await spy.idle();
      const before = spy.batches.filter((batch) => batch.partition === 0).length;
      await log.append(events, numbered(0, 5, 0));
      if (other !== 0) {
        await log.append(events, numbered(0, 5, other));
        expect(await until(() => spy.records.length === 5, WAIT_MS)).toBe(true);
      }
      expect(spy.batches.filter((batch) => batch.partition === 0)).toHaveLength(before);
      subscription.resume(0);
      expect(await until(() => spy.records.filter((record) => record.partition === 0).length === 5, WAIT_MS)).toBe(
        true,
      );
    });

    test('stop waits for the batch in hand, lets no other follow, and may be called twice', async () => {
      await log.append(events, numbered(0, 5, 0));
      const spy = new Spy();
      let release = () => {};
      const finished = new Promise<void>((resolve) => {
        release = resolve;
      });
      spy.inBatch = (batch) => (batch.records.length > 0 ? finished : undefined);
      const subscription = await consume(spy);
      expect(await until(() => spy.records.length > 0, WAIT_MS)).toBe(true);
      let stopped = false;
      const stopping = subscription.stop().then(() => {
        stopped = true;
      });
      await log.append(events, numbered(5, 5, 0));
      expect(stopped).toBe(false);
      release();
      await Promise.all([stopping, subscription.stop()]);
      const seen = spy.batches.length;
      await log.append(events, numbered(10, 5, 0));
      expect(spy.batches).toHaveLength(seen);
      expect(spy.crashes).toEqual([]);
    });

    test('a consumer that comes later starts where it says, not where somebody committed', async () => {
      await log.append(events, numbered(0, 10, 0));
      const first = new Spy();
      const subscription = await consume(first);
      expect(await until(() => first.records.length === 10, WAIT_MS)).toBe(true);
      await subscription.commit(0, 10);
      await subscription.stop();
      const second = new Spy();
      second.startAt = (partition) => (partition === 0 ? 4 : 0);
      await log.append(events, numbered(10, 2, 0));
      await consume(second);
      expect(await until(() => second.records.length >= 8, WAIT_MS)).toBe(true);
      expect(second.records.map((record) => record.offset)).toEqual([4, 5, 6, 7, 8, 9, 10, 11]);
    });

    test('a batch that throws ends the consumer: it says so once, and nothing follows', async () => {
      await log.append(events, numbered(0, 3, 0));
      const spy = new Spy();
      spy.inBatch = (batch) => {
        if (batch.records.length > 0) throw new Error('a bug in the handler');
        return undefined;
      };
      await consume(spy);
      expect(await until(() => spy.crashes.length > 0, WAIT_MS)).toBe(true);
      const seen = spy.batches.length;
      await log.append(events, numbered(3, 3, 0));
      await read(events);
      expect(spy.crashes.map((error) => error.message)).toEqual([expect.stringContaining('a bug in the handler')]);
      expect(spy.batches).toHaveLength(seen);
    });

    test('while it can be read there is no outage, a batch in hand is not stale, and its heartbeat resolves', async () => {
      await log.append(events, numbered(0, 1, 0));
      const spy = new Spy();
      const stale: boolean[] = [];
      spy.inBatch = async (batch) => {
        await batch.heartbeat();
        stale.push(batch.isStale());
      };
      const subscription = await consume(spy);
      expect(await until(() => stale.length > 0, WAIT_MS)).toBe(true);
      expect(stale[0]).toBe(false);
      expect(subscription.outage()).toBeNull();
    });
  });
}

/** Keeps what it was given. Values are views that end with the batch, so they are copied. */
class Spy implements LogConsumer {
  readonly assignments: (readonly number[])[] = [];
  readonly batches: LogBatch[] = [];
  readonly records: LogRecord[] = [];
  readonly crashes: Error[] = [];
  greatestConcurrency = 0;
  startAt: (partition: number) => number = () => 0;
  beforeStart: () => Promise<void> | undefined = () => undefined;
  inBatch: (batch: LogBatch) => Promise<void> | undefined = () => undefined;
  readonly #inHand = new Map<number, number>();

  async assigned(partitions: readonly number[]): Promise<ReadonlyMap<number, number>> {
    this.assignments.push(partitions);
    await this.beforeStart();
    return new Map(partitions.map((partition) => [partition, this.startAt(partition)]));
  }

  async batch(batch: LogBatch): Promise<void> {
    const { partition } = batch;
    const concurrency = (this.#inHand.get(partition) ?? 0) + 1;
    this.#inHand.set(partition, concurrency);
    this.greatestConcurrency = Math.max(this.greatestConcurrency, concurrency);
    const records = [...batch.records].map(kept);
    this.batches.push({ ...batch, records });
    this.records.push(...records);
    try {
      await new Promise<void>((resolve) => setImmediate(resolve));
      await this.inBatch(batch);
    } finally {
      this.#inHand.set(partition, (this.#inHand.get(partition) ?? 1) - 1);
    }
  }

  crashed(error: Error): void {
    this.crashes.push(error);
  }

  /** Resolves when no batch is in hand. */
  async idle(): Promise<void> {
    await until(() => [...this.#inHand.values()].every((count) => count === 0), WAIT_MS);
  }
}

function utf8(bytes: Uint8Array | string | null | undefined): string | null {
  if (bytes === null || bytes === undefined) return null;
  return typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8');
}

function message(key: string, value: string): OutMessage {
  return { key, value };
}

/** Messages whose value is the offset that they get in a partition that holds `first` records. */
function numbered(first: number, count: number, partition: number): OutMessage[] {
  return Array.from({ length: count }, (_, index) => ({ key: 'k', value: String(first + index), partition }));
}
