/**
 * The log that events come from and audit records go to: Kafka, or the embedded one.
 * Offsets are integers below 2^53, times integer epoch ms.
 */
export interface EventLog {
  /** Cluster id and topic, or the embedded log's random id and topic: part of decision ids. Stable for the life of the log. */
  identity(): Promise<string>;
  /** Makes missing topics (events with LogAppendTime, kill-state compacted). */
  ensureTopics(): Promise<void>;
  /** Appends in order; resolves when every message is acknowledged by all in-sync replicas (embedded: durable). */
  append(topic: string, messages: readonly OutMessage[]): Promise<readonly AppendedAt[]>;
  /** Joins the group and feeds the consumer until `stop`. Rejects when it cannot go on: the process must end. */
  consume(consumer: LogConsumer): Promise<LogSubscription>;
  /** The offset after the last record now. */
  endOffset(topic: string, partition: number): Promise<number>;
  /** Offset of the first record appended at or after that time; the end offset where there is none. */
  offsetAt(topic: string, partition: number, time: number): Promise<number>;
  partitions(topic: string): Promise<readonly number[]>;
  /** Where `append` would put messages with these keys now. */
  partitionsOf(topic: string, keys: readonly string[]): Promise<readonly number[]>;
  /** Reads a topic from start to its present end, outside of any group, partition by partition. */
  readAll(topic: string, visit: (record: LogRecord) => void): Promise<void>;
  /** Visits the newest records of all partitions, oldest first, at most `count`: for displays. */
  readLast(topic: string, count: number, visit: (record: LogRecord) => void): Promise<void>;
  /** Follows a topic from its present end (or from its start) until aborted: for `audit tail`. */
  follow(topic: string, from: 'start' | 'end', visit: (record: LogRecord) => void, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Names of the four topics, by what they are for. */
export interface Topics {
  readonly events: string;
  readonly audit: string;
  readonly kill_state: string;
  readonly dead_letter: string;
}

export interface OutMessage {
  readonly key: string | null;
  readonly value: Uint8Array | string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Left to the log where absent: hash of the key. */
  readonly partition?: number;
}

export interface AppendedAt {
  readonly partition: number;
  readonly offset: number;
}

export interface LogRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** The broker's append time; the time of receipt where the topic keeps producer times. */
  readonly appendedAt: number;
  readonly key: Uint8Array | null;
  /** null: a tombstone. A view of memory that is used again once the batch was taken: copy it to keep it. */
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, Uint8Array | string | undefined>>;
  /**
   * Set where the log could not read what stands here (unknown codec, corrupt batch): why, in words. The offset still
   * counts. One record stands for the whole batch then, and its value is the batch as it was stored.
   */
  readonly damage?: string;
}

/** Records to go through, once or more; an array of them is one. */
export interface LogRecords extends Iterable<LogRecord> {
  readonly length: number;
}

export interface LogBatch {
  readonly partition: number;
  /** In offset order. May be empty: the partition is drained. */
  readonly records: LogRecords;
  /** The offset to go on from after this batch. */
  readonly nextOffset: number;
  /** The end offset that the log told with this batch. */
  readonly endOffset: number;
  /** When the end offset was asked for, by the log's injected clock: what was appended before is below it. */
  readonly askedAt: number;
  /** Offsets that the log had dropped before they could be read: from (inclusive) to (exclusive). */
  readonly gap?: { readonly from: number; readonly to: number };
  /** False where the topic keeps producer times: replays may differ. */
  readonly logAppendTime: boolean;
  /** True once this assignment is over: leave early, nothing of it counts. */
  isStale(): boolean;
  heartbeat(): Promise<void>;
}

export interface LogConsumer {
  /**
   * Partitions are ours: restore, and say where to read each from. No batch comes before this resolves.
   * Called again after every rebalance, with all that is ours.
   */
  assigned(partitions: readonly number[]): Promise<ReadonlyMap<number, number>>;
  /** One batch at a time of a partition. Throwing ends the consumer (and the process): bad records never throw. */
  batch(batch: LogBatch): Promise<void>;
  /** The consumer is dead and will not come back by itself. */
  crashed(error: Error): void;
}

export interface LogSubscription {
  /** Group offset for lag displays; never what a restore trusts. */
  commit(partition: number, nextOffset: number): Promise<void>;
  /** No further batch of it until `resume`; a new assignment starts with nothing paused. */
  pause(partition: number): void;
  resume(partition: number): void;
  /** Why nothing can be read at the moment, in words (the log is retrying by itself); null while it can. */
  outage(): string | null;
  /** Leaves the group after the batch in hand. Idempotent. */
  stop(): Promise<void>;
}
