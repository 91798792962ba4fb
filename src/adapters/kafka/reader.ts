import { setTimeout as pause } from 'node:timers/promises';
import type Cluster from 'kafkajs/src/cluster/index.js';
import { messageOf, SentinelError } from '../../domain/errors.ts';
import type { LogRecord } from '../../ports/event-log.ts';
import type { Connections } from './connection.ts';
import { isRetryableFault } from './errors.ts';
import { FETCH_ERROR, type FetchedPartition, FetchFault, fetchFrom } from './fetch.ts';
import { readRecordSet } from './record-batch.ts';
import { offsetOf, partitionsOf } from './topics.ts';

const READ_WAIT_MS = 100;
const FOLLOW_WAIT_MS = 200;
const BACKOFF_MS = 250;

/** Reads one topic outside of any group, over connections of its own. */
export class TopicReader {
  readonly #connections: Connections;
  readonly #cluster: Cluster;
  readonly #topic: string;
  /** Partition → offset to read next. */
  readonly #positions = new Map<number, number>();
  /** Offsets that could not be read the first time. */
  readonly #doubted = new Map<number, number>();

  constructor(connections: Connections, cluster: Cluster, topic: string) {
    this.#connections = connections;
    this.#cluster = cluster;
    this.#topic = topic;
  }

  /** Every record from the start to the end as it is now, partition by partition. Rejects when it makes no progress. */
  async readAll(visit: (record: LogRecord) => void): Promise<void> {
    const ends = new Map<number, number>();
    for (const partition of partitionsOf(this.#cluster, this.#topic)) {
      ends.set(partition, await this.#edge(partition, 'end'));
      this.#positions.set(partition, await this.#edge(partition, 'start'));
    }
    for (const [partition, end] of ends) await this.#readTo(partition, end, visit);
  }

  /** The newest records of all partitions, oldest first, at most `count`. Rejects when it makes no progress. */
  async readLast(count: number, visit: (record: LogRecord) => void): Promise<void> {
    const records: LogRecord[] = [];
    for (const partition of partitionsOf(this.#cluster, this.#topic)) {
      const end = await this.#edge(partition, 'end');
      this.#positions.set(partition, Math.max(await this.#edge(partition, 'start'), end - count));
      await this.#readTo(partition, end, (record) => records.push(record));
    }
    for (const record of records.sort((a, b) => a.appendedAt - b.appendedAt).slice(-count)) visit(record);
  }

  async #readTo(partition: number, end: number, visit: (record: LogRecord) => void): Promise<void> {
    const { stallMs } = this.#connections.tuning;
    let movedAt = performance.now();
    for (;;) {
      const position = this.#position(partition);
      if (position >= end) return;
      const trouble = await this.#step([partition], READ_WAIT_MS, (record) => {
        if (record.offset < end) visit(record);
      });
      if (this.#position(partition) > position) movedAt = performance.now();
      else if (performance.now() - movedAt > stallMs) throw this.#stalled(partition, end, trouble);
    }
  }

  /** Every record from the start or the present end on, until aborted. Partitions added later are read from their start. */
  async follow(from: 'start' | 'end', visit: (record: LogRecord) => void, signal: AbortSignal): Promise<void> {
    for (const partition of partitionsOf(this.#cluster, this.#topic)) {
      this.#positions.set(partition, await this.#edge(partition, from));
    }
    while (!signal.aborted) {
      await this.#cluster.refreshMetadataIfNecessary().catch(() => {}); // the step says what is wrong
      await this.#step(partitionsOf(this.#cluster, this.#topic), FOLLOW_WAIT_MS, (record) => {
        if (!signal.aborted) visit(record);
      });
    }
  }

  /** Reads once. @returns what was wrong where it is worth trying again; rejects where it is not */
  async #step(partitions: readonly number[], maxWaitMs: number, visit: (record: LogRecord) => void): Promise<unknown> {
    const answers = await this.#fetch(partitions, maxWaitMs).catch((error: unknown) => this.#recover(error));
    if (!Array.isArray(answers)) return answers;
    for (const answer of answers) await this.#accept(answer, visit);
    return null;
  }

  async #fetch(partitions: readonly number[], maxWaitMs: number): Promise<FetchedPartition[]> {
    const leaders = Object.entries(this.#cluster.findLeaderForPartitions(this.#topic, partitions));
    const asked = leaders.map(([leader, led]) => {
      const wanted = led.map((partition) => ({ partition, offset: this.#position(partition) }));
      return fetchFrom(this.#connections, this.#cluster, leader, { topic: this.#topic, wanted, maxWaitMs });
    });
    const answers = (await Promise.all(asked)).flatMap(({ partitions: read }) => read);
    const faulty = answers.find(({ errorCode }) => errorCode > FETCH_ERROR.offsetOutOfRange || errorCode < 0);
    if (faulty !== undefined) throw new FetchFault(faulty);
    return answers;
  }

  async #accept(answer: FetchedPartition, visit: (record: LogRecord) => void): Promise<void> {
    const { partition, endOffset, bytes } = answer;
    const from = this.#position(partition);
    if (answer.errorCode === FETCH_ERROR.offsetOutOfRange) {
      const start = await this.#edge(partition, 'start');
      this.#positions.set(partition, start > from ? start : await this.#edge(partition, 'end'));
      return;
    }
    const receivedAt = this.#connections.options.clock.now();
    const { records, damagedAt, nextOffset } = readRecordSet(
      { topic: this.#topic, partition, from, endOffset, receivedAt },
      bytes,
    );
    // Asked for once more: an answer's end may be older than its records, which then seem to lie beyond the log.
    if (damagedAt !== null && this.#doubted.get(partition) !== damagedAt) {
      this.#doubted.set(partition, damagedAt);
      return;
    }
    for (const record of records) visit(record);
    this.#positions.set(partition, nextOffset);
  }

  async #recover(error: unknown): Promise<unknown> {
    if (!(error instanceof FetchFault) && !isRetryableFault(error)) throw error;
    await pause(BACKOFF_MS);
    await this.#cluster.refreshMetadata().catch(() => {});
    return error;
  }

  #edge(partition: number, edge: 'start' | 'end'): Promise<number> {
    return offsetOf(this.#cluster, this.#topic, partition, { fromBeginning: edge === 'start' });
  }

  #position(partition: number): number {
    return this.#positions.get(partition) ?? 0;
  }

  #stalled(partition: number, end: number, trouble: unknown): SentinelError {
    const { tuning, options } = this.#connections;
    const at = `partition ${partition} of ${this.#topic} at ${options.brokers.join(', ')}`;
    const why = trouble === null ? '' : ` (${messageOf(trouble)})`;
    const text = `Reading ${at} stands still at ${this.#position(partition)} of ${end} for ${tuning.stallMs} ms${why}. Try again.`;
    return new SentinelError('kafka_unavailable', text, { retryable: true, cause: trouble });
  }
}
