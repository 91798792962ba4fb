import type { SaslLogin } from '../../domain/kafka-settings.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Topics } from '../../ports/event-log.ts';

/** How to reach Kafka and what to use there (contract 2, `kafka:`). */
export interface KafkaLogOptions {
  /** `host:port`, at least one. */
  readonly brokers: readonly string[];
  readonly groupId: string;
  readonly topics: Topics;
  readonly clock: Clock;
  readonly log: KafkaLogger;
  readonly clientId?: string;
  /** PEM texts; `true` for TLS with the system's authorities. */
  readonly ssl?: boolean | { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly sasl?: SaslLogin;
  /** Of topics that are made; those that exist keep theirs. Default 12 for events, 3 for audit, 1 for the others. */
  readonly partitions?: Partial<Record<keyof Topics, number>>;
  readonly tuning?: Partial<KafkaTuning>;
}

/** Times in ms, sizes in bytes. */
export interface KafkaTuning {
  /** How long the broker may wait for new records before it answers a fetch: 5–50. Records that come end the wait. */
  readonly maxWaitMs: number;
  /** Without a heartbeat for that long, others take our partitions over. */
  readonly sessionTimeoutMs: number;
  /** How long members get to finish their batches and restores in a rebalance. */
  readonly rebalanceTimeoutMs: number;
  readonly heartbeatMs: number;
  /** How often a drained partition says so again. */
  readonly drainedEveryMs: number;
  /** How old the knowledge of partitions and leaders may become. */
  readonly metadataMaxAgeMs: number;
  /** A read to the present end gives up after that long without progress. */
  readonly stallMs: number;
  readonly requestTimeoutMs: number;
  readonly fetchBytesMax: number;
  readonly partitionBytesMax: number;
}

export const DEFAULT_TUNING: KafkaTuning = {
  maxWaitMs: 20,
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 60_000,
  heartbeatMs: 1000,
  drainedEveryMs: 1000,
  metadataMaxAgeMs: 30_000,
  stallMs: 30_000,
  requestTimeoutMs: 15_000,
  fetchBytesMax: 10 * 1024 * 1024,
  partitionBytesMax: 1024 * 1024,
};

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type KafkaLogger = (level: LogLevel, message: string, detail?: Readonly<Record<string, unknown>>) => void;
