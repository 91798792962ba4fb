import type Cluster from 'kafkajs/src/cluster/index.js';
import type {
  AppendedAt,
  EventLog,
  LogConsumer,
  LogRecord,
  LogSubscription,
  OutMessage,
} from '../../ports/event-log.ts';
import { Connections } from './connection.ts';
import { GroupConsumer } from './consumer.ts';
import { isRetryableFault } from './errors.ts';
import type { KafkaLogOptions } from './options.ts';
import { AppendQueue } from './producer.ts';
import { TopicReader } from './reader.ts';
import { ensureTopics, offsetAt, offsetOf, partitionsOf } from './topics.ts';

/**
 * The event log on Kafka. Opens no connection before the first call; every call rejects with `kafka_unavailable` where
 * the brokers do not answer, retryable where trying again can help, and with `kafka_rejected` where they turn us away.
 */
export class KafkaEventLog implements EventLog {
  readonly #connections: Connections;
  readonly #appends: AppendQueue;
  readonly #subscriptions = new Set<LogSubscription>();
  #shared: Promise<Cluster> | null = null;

  constructor(options: KafkaLogOptions) {
    this.#connections = new Connections(options);
    this.#appends = new AppendQueue(this.#connections, () => this.#cluster());
  }

  async identity(): Promise<string> {
    const { clusterId } = await this.#ask('be asked for its cluster id', (cluster) => cluster.metadata({ topics: [] }));
    return `${clusterId ?? 'unknown'}/${this.#connections.options.topics.events}`;
  }

  async ensureTopics(): Promise<void> {
    try {
      await ensureTopics(this.#connections);
    } catch (error) {
      throw this.#connections.error(error, 'make the topics');
    }
  }

  append(topic: string, messages: readonly OutMessage[]): Promise<readonly AppendedAt[]> {
    return this.#appends.append(topic, messages);
  }

  async consume(consumer: LogConsumer): Promise<LogSubscription> {
    const subscription = await GroupConsumer.start(this.#connections, consumer);
    this.#subscriptions.add(subscription);
    return subscription;
  }

  endOffset(topic: string, partition: number): Promise<number> {
    return this.#ask(`tell the end of ${topic}`, async (cluster) => {
      await cluster.addMultipleTargetTopics([topic]);
      return offsetOf(cluster, topic, partition, { fromBeginning: false });
    });
  }

  offsetAt(topic: string, partition: number, time: number): Promise<number> {
    return this.#ask(`tell an offset of ${topic}`, async (cluster) => {
      await cluster.addMultipleTargetTopics([topic]);
      return offsetAt(cluster, topic, partition, time);
    });
  }

  partitions(topic: string): Promise<readonly number[]> {
    return this.#ask(`tell the partitions of ${topic}`, async (cluster) => {
      await cluster.addMultipleTargetTopics([topic]);
      await cluster.refreshMetadata();
      return partitionsOf(cluster, topic);
    });
  }

  partitionsOf(topic: string, keys: readonly string[]): Promise<readonly number[]> {
    return this.#appends.partitionsOf(topic, keys);
  }

  readAll(topic: string, visit: (record: LogRecord) => void): Promise<void> {
    return this.#read(topic, (reader) => reader.readAll(visit));
  }

  readLast(topic: string, count: number, visit: (record: LogRecord) => void): Promise<void> {
    return this.#read(topic, (reader) => reader.readLast(count, visit));
  }

  async follow(
    topic: string,
    from: 'start' | 'end',
    visit: (record: LogRecord) => void,
    signal: AbortSignal,
  ): Promise<void> {
    if (signal.aborted) return;
    await this.#read(topic, (reader) => reader.follow(from, visit, signal));
  }

  async close(): Promise<void> {
    for (const subscription of this.#subscriptions) await subscription.stop();
    await this.#appends.close();
    const shared = await this.#shared?.catch(() => null);
    await shared?.disconnect();
    this.#shared = null;
  }

  async #read(topic: string, work: (reader: TopicReader) => Promise<void>): Promise<void> {
    const cluster = await this.#connections.connect([topic]);
    try {
      await work(new TopicReader(this.#connections, cluster, topic));
    } finally {
      await cluster.disconnect();
    }
  }

  /** One question over the shared connections. Where the brokers were away, the next one connects anew. */
  async #ask<T>(doing: string, question: (cluster: Cluster) => Promise<T>): Promise<T> {
    const cluster = await this.#cluster();
    try {
      await cluster.refreshMetadataIfNecessary();
      return await question(cluster);
    } catch (error) {
      if (isRetryableFault(error)) {
        this.#shared = null;
        await cluster.disconnect().catch(() => {});
      }
      throw this.#connections.error(error, doing);
    }
  }

  #cluster(): Promise<Cluster> {
    this.#shared ??= this.#connections.connect([]).catch((error: unknown) => {
      this.#shared = null;
      throw error;
    });
    return this.#shared;
  }
}
