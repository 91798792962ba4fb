import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SentinelError } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type {
  AppendedAt,
  EventLog,
  LogConsumer,
  LogRecord,
  LogSubscription,
  OutMessage,
  Topics,
} from '../../ports/event-log.ts';
import { Cell } from './cell.ts';
import { EmbeddedConsumer } from './consumer.ts';
import { EmbeddedStore } from './store.ts';
import { type EmbeddedTopic, TopicTables } from './topic-tables.ts';

export interface EmbeddedLogOptions {
  /** The folder of everything embedded; the log stands in `log` below it. Made where it is not there. */
  readonly dir: string;
  readonly topics: Topics;
  readonly clock: Clock;
  /** Of the events topic; the others have one. Default 1. */
  readonly partitions?: number;
  /** Records of events and of dead letters that are kept, per partition; audit records are never dropped. Default 1,000,000. */
  readonly eventsMax?: number;
}

const PAGE = 500;
/** How soon another process's appends are seen, ms. */
const LOOK_EVERY_MS = 20;

interface Waiting {
  readonly topic: EmbeddedTopic;
  readonly messages: readonly OutMessage[];
  readonly resolve: (places: readonly AppendedAt[]) => void;
  readonly reject: (error: unknown) => void;
}

/** @throws SentinelError `store_rejected` where the folder cannot be ours, `store_full` where the disk is full. */
export function openEmbeddedEventLog(options: EmbeddedLogOptions): EventLog {
  return new EmbeddedEventLog(EmbeddedStore.open(join(options.dir, 'log')), options);
}

/** The event log without Kafka: append-only tables on lmdb, with Kafka's offsets and semantics. */
class EmbeddedEventLog implements EventLog {
  readonly #store: EmbeddedStore;
  readonly #clock: Clock;
  readonly #tables: TopicTables;
  readonly #topics: ReadonlyMap<string, EmbeddedTopic>;
  readonly #eventsTopic: string;
  readonly #consumers = new Set<EmbeddedConsumer>();
  #waiting: Waiting[] = [];
  #writing: Promise<void> | null = null;
  #roundRobin = 0;

  constructor(store: EmbeddedStore, { topics, clock, partitions = 1, eventsMax = 1_000_000 }: EmbeddedLogOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#tables = new TopicTables(store);
    this.#eventsTopic = topics.events;
    const topic = (name: string, said: Partial<EmbeddedTopic>): [string, EmbeddedTopic] => [
      name,
      { name, partitions: 1, recordsMax: eventsMax, compacted: false, ...said },
    ];
    this.#topics = new Map([
      topic(topics.events, { partitions }),
      topic(topics.audit, { recordsMax: Number.POSITIVE_INFINITY }),
      topic(topics.kill_state, { compacted: true }),
      topic(topics.dead_letter, {}),
    ]);
  }

  /** The first process that asks makes the random id, the others read it. */
  async identity(): Promise<string> {
    const cell = new Cell<string>(this.#store, 'id');
    const id = this.#store.read(() => cell.get()) ?? (await this.#store.writeLater(() => cell.get() ?? newId(cell)));
    return `${id}/${this.#eventsTopic}`;
  }

  async ensureTopics(): Promise<void> {
    // They are there as soon as something is appended.
  }

  /** Appends that come while one is being written go together in the next transaction. */
  async append(topic: string, messages: readonly OutMessage[]): Promise<readonly AppendedAt[]> {
    if (messages.length === 0) return [];
    return new Promise((resolve, reject) => {
      this.#waiting.push({ topic: this.#topic(topic), messages, resolve, reject });
      this.#writing ??= this.#write().finally(() => {
        this.#writing = null;
      });
    });
  }

  async consume(consumer: LogConsumer): Promise<LogSubscription> {
    const { name, partitions } = this.#topic(this.#eventsTopic);
    const started = new EmbeddedConsumer(this.#store, this.#tables, name, partitions, this.#clock, consumer, () =>
      this.#consumers.delete(started),
    );
    this.#consumers.add(started);
    started.start();
    return started;
  }

  async endOffset(topic: string, partition: number): Promise<number> {
    return this.#tables.end(this.#topic(topic).name, partition);
  }

  async offsetAt(topic: string, partition: number, time: number): Promise<number> {
    return this.#tables.offsetAt(this.#topic(topic).name, partition, time);
  }

  async partitions(topic: string): Promise<readonly number[]> {
    return Array.from({ length: this.#topic(topic).partitions }, (_, partition) => partition);
  }

  async partitionsOf(topic: string, keys: readonly string[]): Promise<readonly number[]> {
    const known = this.#topic(topic);
    return keys.map((key) => this.#partitionOf(known, { key, value: null }));
  }

  async readAll(topic: string, visit: (record: LogRecord) => void): Promise<void> {
    for (const partition of await this.partitions(topic)) {
      const end = this.#tables.end(topic, partition);
      for (let next = 0; next < end; ) {
        const records = this.#tables.read(topic, partition, next, PAGE).filter(({ offset }) => offset < end);
        if (records.length === 0) break;
        records.forEach(visit);
        next = records.at(-1)!.offset + 1;
        await breathe();
      }
    }
  }

  async readLast(topic: string, count: number, visit: (record: LogRecord) => void): Promise<void> {
    const records = (await this.partitions(topic)).flatMap((partition) => this.#tables.newest(topic, partition, count));
    records.sort((a, b) => a.appendedAt - b.appendedAt);
    records.slice(-count).forEach(visit);
  }

  async follow(
    topic: string,
    from: 'start' | 'end',
    visit: (record: LogRecord) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const partitions = await this.partitions(topic);
    const next = partitions.map((partition) => (from === 'start' ? 0 : this.#tables.end(topic, partition)));
    while (!signal.aborted) {
      for (const partition of partitions) {
        const records = this.#tables.read(topic, partition, next[partition]!, PAGE);
        if (signal.aborted) return;
        records.forEach(visit);
        next[partition] = (records.at(-1)?.offset ?? next[partition]! - 1) + 1;
      }
      await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
    }
  }

  async close(): Promise<void> {
    for (const consumer of [...this.#consumers]) await consumer.stop();
    await this.#writing;
    await this.#store.close();
  }

  #topic(name: string): EmbeddedTopic {
    const topic = this.#topics.get(name);
    if (topic === undefined) throw new SentinelError('not_found', `the embedded log has no topic ${name}`);
    return topic;
  }

  async #write(): Promise<void> {
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0);
      try {
        const places = await this.#store.writeLater(() => batch.map((one) => this.#put(one)));
        for (const [index, { resolve }] of batch.entries()) resolve(places[index]!);
        for (const consumer of this.#consumers) consumer.wake();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
  }

  #put({ topic, messages }: Waiting): readonly AppendedAt[] {
    const now = this.#clock.now();
    return messages.map((message) => this.#tables.append(topic, this.#partitionOf(topic, message), message, now));
  }

  #partitionOf({ partitions }: EmbeddedTopic, { key, partition }: OutMessage): number {
    if (partition !== undefined) return partition;
    if (partitions === 1) return 0;
    if (key === null) return this.#roundRobin++ % partitions;
    return stableHash(key) % partitions;
  }
}

function newId(cell: Cell<string>): string {
  const id = randomUUID();
  cell.set(id);
  return id;
}

/** FNV-1a over the text's units: the same key goes to the same partition, always. */
function stableHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
