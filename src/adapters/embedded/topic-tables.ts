import type { Database } from 'lmdb';
import { hashParts } from '../../domain/ids.ts';
import type { AppendedAt, LogRecord, OutMessage } from '../../ports/event-log.ts';
import { appendedAtOf, decodeRecord, encodeRecord } from './record-codec.ts';
import type { EmbeddedStore } from './store.ts';

/** A topic and how much of it is kept. */
export interface EmbeddedTopic {
  readonly name: string;
  readonly partitions: number;
  /** Records per partition; older ones are dropped. */
  readonly recordsMax: number;
  /** Only the newest record of each key is kept. */
  readonly compacted: boolean;
}

type RecordKey = [topic: string, partition: number, offset: number];

/** The end of a partition and the append time of its newest record. */
interface Tail {
  readonly end: number;
  readonly appendedAt: number;
}

/** The tables of the log. Writing happens inside a transaction of the caller's. */
export class TopicTables {
  readonly #records: Database<Uint8Array, RecordKey>;
  readonly #tails: Database<Tail, [string, number]>;
  readonly #newestOfKey: Database<number, [string, number, string]>;

  constructor(store: EmbeddedStore) {
    this.#records = store.binaryTable('records');
    this.#tails = store.table('tails');
    this.#newestOfKey = store.table('keys');
  }

  /** @param now epoch ms; append times of a partition never go back */
  append(topic: EmbeddedTopic, partition: number, message: OutMessage, now: number): AppendedAt {
    const tail = this.#tails.get([topic.name, partition]);
    const offset = tail?.end ?? 0;
    const appendedAt = Math.max(now, tail?.appendedAt ?? 0);
    void this.#records.put([topic.name, partition, offset], encodeRecord(message, appendedAt));
    void this.#tails.put([topic.name, partition], { end: offset + 1, appendedAt });
    if (topic.compacted && message.key !== null) this.#compact(topic.name, partition, message.key, offset);
    this.#retain(topic, partition, offset);
    return { partition, offset };
  }

  end(topic: string, partition: number): number {
    return this.#tails.get([topic, partition])?.end ?? 0;
  }

  /** Records from that offset on, at most `limit`. */
  read(topic: string, partition: number, from: number, limit: number): LogRecord[] {
    const range = this.#records.getRange({ start: [topic, partition, from], end: [topic, partition, Infinity], limit });
    return Array.from(range, ({ key, value }) => decodeRecord(topic, partition, key[2], Buffer.from(value)));
  }

  /** The offset of the first record appended at or after that time; append times grow with offsets. */
  offsetAt(topic: string, partition: number, time: number): number {
    let low = this.#first(topic, partition);
    let high = this.end(topic, partition);
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const [found] = this.#records.getRange({
        start: [topic, partition, middle],
        end: [topic, partition, high],
        limit: 1,
      });
      if (found === undefined) high = middle;
      else if (appendedAtOf(Buffer.from(found.value)) >= time) high = middle;
      else low = found.key[2] + 1;
    }
    const [record] = this.read(topic, partition, low, 1);
    return record?.offset ?? this.end(topic, partition);
  }

  /** The offsets of the newest records, oldest first. */
  newest(topic: string, partition: number, count: number): LogRecord[] {
    const range = this.#records.getRange({
      start: [topic, partition, Infinity],
      end: [topic, partition, -1],
      reverse: true,
      limit: count,
    });
    return Array.from(range, ({ key, value }) => decodeRecord(topic, partition, key[2], Buffer.from(value))).reverse();
  }

  #first(topic: string, partition: number): number {
    const [first] = this.#records.getKeys({
      start: [topic, partition, 0],
      end: [topic, partition, Infinity],
      limit: 1,
    });
    return first?.[2] ?? this.end(topic, partition);
  }

  #compact(topic: string, partition: number, key: string, offset: number): void {
    // A key may be long and hold any character; lmdb's may not.
    const place: [string, number, string] = [topic, partition, hashParts(key)];
    const older = this.#newestOfKey.get(place);
    if (older !== undefined) void this.#records.remove([topic, partition, older]);
    void this.#newestOfKey.put(place, offset);
  }

  #retain({ name, recordsMax, compacted }: EmbeddedTopic, partition: number, offset: number): void {
    if (!compacted && offset >= recordsMax) void this.#records.remove([name, partition, offset - recordsMax]);
  }
}
