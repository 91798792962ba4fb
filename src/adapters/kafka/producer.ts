/**
 * Appends, one request at a time: while one is under way the others gather, and the next request takes as many of them
 * as fit. So order is kept, concurrent callers cost one request, and the idempotent producer is safe, which kafkajs only
 * lets it be with one request in flight.
 *
 * A producer whose request failed is thrown away: kafkajs would give the same sequence numbers to other messages, and a
 * broker that had stored the first ones would take the others for repetitions and drop them.
 */
import { type Message, Partitioners, type Producer } from 'kafkajs';
import type Cluster from 'kafkajs/src/cluster/index.js';
import { SentinelError } from '../../domain/errors.ts';
import type { AppendedAt, OutMessage } from '../../ports/event-log.ts';
import { type Connections, RETRY } from './connection.ts';
import { isRetryableFault } from './errors.ts';
import { partitionsOf } from './topics.ts';

/** Brokers take batches of 1 MB unless told otherwise. */
const BATCH_BYTES_MAX = 900_000;
const BATCH_MESSAGES_MAX = 5000;
const REQUEST_BYTES_MAX = 8_000_000;
const ACKS_OF_ALL = -1;

/** What one caller asked for. */
interface Call {
  readonly topic: string;
  readonly messages: readonly OutMessage[];
  readonly places: AppendedAt[];
  open: number;
  readonly resolve: (places: readonly AppendedAt[]) => void;
  readonly reject: (error: unknown) => void;
}

/** One message on its way, with its place in the call that brought it. */
interface Entry {
  readonly call: Call;
  readonly index: number;
  readonly topic: string;
  readonly partition: number;
  readonly message: Message;
  readonly bytes: number;
}

export class AppendQueue {
  readonly #connections: Connections;
  readonly #cluster: () => Promise<Cluster>;
  readonly #partition = Partitioners.DefaultPartitioner();
  /** Calls whose partitions are not chosen yet, then messages that are not sent yet: both in the order of the calls. */
  #calls: Call[] = [];
  readonly #entries: Entry[] = [];
  #producer: Producer | null = null;
  #sending: Promise<void> | null = null;
  #isClosed = false;

  /** @param cluster who knows how many partitions a topic has */
  constructor(connections: Connections, cluster: () => Promise<Cluster>) {
    this.#connections = connections;
    this.#cluster = cluster;
  }

  /** Resolves when all of them are acknowledged by all in-sync replicas. What was rejected may have been stored nevertheless. */
  async append(topic: string, messages: readonly OutMessage[]): Promise<readonly AppendedAt[]> {
    if (messages.length === 0) return [];
    if (this.#isClosed)
      throw new SentinelError('kafka_unavailable', `The log is closed: nothing is appended to ${topic}.`);
    return new Promise((resolve, reject) => {
      this.#calls.push({ topic, messages, places: new Array(messages.length), open: messages.length, resolve, reject });
      this.#sending ??= this.#sendAll();
    });
  }

  /** Where messages with these keys would go now. */
  async partitionsOf(topic: string, keys: readonly string[]): Promise<readonly number[]> {
    try {
      const partitionMetadata = await this.#partitions(topic);
      return keys.map((key) => this.#partition({ topic, partitionMetadata, message: { key, value: null } }));
    } catch (error) {
      throw this.#connections.error(error, `tell the partitions of ${topic}`);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#sending;
    await this.#producer?.disconnect();
    this.#producer = null;
  }

  async #sendAll(): Promise<void> {
    while (this.#calls.length + this.#entries.length > 0) {
      await this.#choosePartitions();
      const entries = this.#entries.splice(0, fitting(this.#entries));
      if (entries.length > 0) await this.#sendTogether(entries);
    }
    this.#sending = null;
  }

  async #choosePartitions(): Promise<void> {
    const calls = this.#calls;
    this.#calls = [];
    const known = new Map<string, PartitionMetadata>();
    for (const call of calls) {
      const { topic, messages } = call;
      try {
        const partitions = known.get(topic) ?? (await this.#partitions(topic));
        known.set(topic, partitions);
        for (const [index, message] of messages.entries()) {
          this.#entries.push(this.#entry(call, index, message, partitions));
        }
      } catch (error) {
        call.reject(this.#connections.error(error, `append to ${topic}`));
      }
    }
  }

  async #partitions(topic: string): Promise<PartitionMetadata> {
    const cluster = await this.#cluster();
    await cluster.addMultipleTargetTopics([topic]);
    await cluster.refreshMetadataIfNecessary();
    partitionsOf(cluster, topic);
    return cluster.findTopicPartitionMetadata(topic) as PartitionMetadata;
  }

  #entry(call: Call, index: number, out: OutMessage, partitionMetadata: PartitionMetadata): Entry {
    const { topic } = call;
    const value = out.value === null ? null : asBuffer(out.value);
    const message: Message = {
      key: out.key,
      value,
      ...(out.headers === undefined ? {} : { headers: { ...out.headers } }),
    };
    const partition = out.partition ?? this.#partition({ topic, partitionMetadata, message });
    const bytes = (value?.length ?? 0) + (out.key?.length ?? 0) * 3 + 64 + headerBytes(out.headers);
    return { call, index, topic, partition, message, bytes };
  }

  async #sendTogether(entries: readonly Entry[]): Promise<void> {
    try {
      await this.#send(entries);
    } catch (error) {
      const calls = new Set(entries.map(({ call }) => call));
      if (calls.size > 1 && !isRetryableFault(error)) {
        // One of them cannot be stored at all: it must not take the others with it.
        for (const call of calls) await this.#sendTogether(entries.filter((entry) => entry.call === call));
        return;
      }
      const topics = [...new Set(entries.map(({ topic }) => topic))].join(', ');
      for (const call of calls) call.reject(this.#connections.error(error, `append to ${topics}`));
    }
  }

  async #send(entries: readonly Entry[]): Promise<void> {
    const batches = grouped(entries);
    const topicMessages = [...batches].map(([topic, partitions]) => ({
      topic,
      messages: [...partitions].flatMap(([partition, members]) =>
        members.map(({ message }) => ({ ...message, partition })),
      ),
    }));
    const producer = await this.#connected();
    try {
      const timeout = this.#connections.tuning.requestTimeoutMs;
      const answers = await producer.sendBatch({ topicMessages, acks: ACKS_OF_ALL, timeout });
      for (const { topicName, partition, baseOffset } of answers) {
        settle(batches.get(topicName)?.get(partition) ?? [], Number(baseOffset));
      }
    } catch (error) {
      this.#producer = null;
      await producer.disconnect().catch(() => {});
      throw error;
    }
  }

  async #connected(): Promise<Producer> {
    if (this.#producer !== null) return this.#producer;
    const producer = this.#connections.kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
      retry: RETRY,
    });
    await producer.connect();
    this.#producer = producer;
    return producer;
  }
}

type PartitionMetadata = Parameters<ReturnType<typeof Partitioners.DefaultPartitioner>>[0]['partitionMetadata'];

/** How many entries from the front one request takes: at least one, and no batch of it too large. */
function fitting(entries: readonly Entry[]): number {
  const sizes = new Map<string, { bytes: number; messages: number }>();
  let total = 0;
  let count = 0;
  for (const { topic, partition, bytes } of entries) {
    const place = `${partition} ${topic}`;
    const size = sizes.get(place) ?? { bytes: 0, messages: 0 };
    size.bytes += bytes;
    size.messages += 1;
    total += bytes;
    const isTooMuch = size.bytes > BATCH_BYTES_MAX || size.messages > BATCH_MESSAGES_MAX || total > REQUEST_BYTES_MAX;
    if (count > 0 && isTooMuch) break;
    sizes.set(place, size);
    count += 1;
  }
  return count;
}

/** Topic → partition → entries, in order. */
function grouped(entries: readonly Entry[]): Map<string, Map<number, Entry[]>> {
  const topics = new Map<string, Map<number, Entry[]>>();
  for (const entry of entries) {
    const partitions = topics.get(entry.topic) ?? new Map<number, Entry[]>();
    topics.set(entry.topic, partitions);
    const members = partitions.get(entry.partition) ?? [];
    partitions.set(entry.partition, members);
    members.push(entry);
  }
  return topics;
}

/** One partition's messages of a request are one batch: their offsets follow on one another. */
function settle(entries: readonly Entry[], baseOffset: number): void {
  for (const [index, { call, index: place, partition }] of entries.entries()) {
    call.places[place] = { partition, offset: baseOffset + index };
    call.open -= 1;
    if (call.open === 0) call.resolve(call.places);
  }
}

function asBuffer(value: Uint8Array | string): Buffer {
  if (typeof value === 'string') return Buffer.from(value);
  return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

function headerBytes(headers: OutMessage['headers']): number {
  if (headers === undefined) return 0;
  let bytes = 0;
  for (const [name, value] of Object.entries(headers)) bytes += (name.length + value.length) * 3 + 10;
  return bytes;
}
