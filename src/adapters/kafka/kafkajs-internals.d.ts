/**
 * The parts of kafkajs 2.2.4 behind its public interface that we stand on, typed by hand. The package is pinned to
 * exactly this version, and docs/decisions/0002-own-fetch-loop.md says why we go behind it at all.
 */
declare module 'kafkajs/src/cluster/index.js' {
  import type { ISocketFactory, KafkaConfig } from 'kafkajs';

  export interface ProtocolRequest {
    request: { readonly apiKey: number; readonly apiVersion: number; readonly apiName: string };
    response: { decode(raw: Buffer): Promise<unknown>; parse(decoded: unknown): Promise<unknown> };
    requestTimeout?: number | null;
    logResponseError?: boolean;
  }

  export interface Broker {
    readonly nodeId: number;
    readonly connectionPool: { send(request: ProtocolRequest): Promise<unknown> };
    lookupRequest(apiKey: number, definition: unknown): (options: object) => ProtocolRequest;
    disconnect(): Promise<void>;
  }

  export interface PartitionOffsets {
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
  }

  export interface KafkaLoggerInternal {
    namespace(name: string): KafkaLoggerInternal;
  }

  export default class Cluster {
    constructor(
      options: Omit<KafkaConfig, 'logLevel' | 'logCreator'> & {
        logger: KafkaLoggerInternal;
        socketFactory: ISocketFactory;
        metadataMaxAge: number;
        allowAutoTopicCreation: boolean;
        isolationLevel: number;
        maxInFlightRequests: null;
      },
    );
    connect(): Promise<void>;
    disconnect(): Promise<void>;
    isConnected(): boolean;
    removeBroker(place: { host: string; port: number }): void;
    refreshMetadata(): Promise<void>;
    refreshMetadataIfNecessary(): Promise<void>;
    addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
    metadata(options: { topics: readonly string[] }): Promise<{ readonly clusterId: string | null }>;
    findBroker(node: { nodeId: string }): Promise<Broker>;
    findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number; readonly leader: number }[];
    findLeaderForPartitions(topic: string, partitions: readonly number[]): Record<string, number[]>;
    fetchTopicsOffset(
      topics: readonly {
        topic: string;
        partitions: readonly { partition: number }[];
        fromBeginning?: boolean;
        fromTimestamp?: number;
      }[],
    ): Promise<readonly PartitionOffsets[]>;
  }
}

declare module 'kafkajs/src/loggers/index.js' {
  import type { logCreator } from 'kafkajs';
  import type { KafkaLoggerInternal } from 'kafkajs/src/cluster/index.js';
  export function createLogger(options: { level: number; logCreator: logCreator }): KafkaLoggerInternal;
}

declare module 'kafkajs/src/network/socketFactory.js' {
  import type { ISocketFactory } from 'kafkajs';
  export default function createSocketFactory(): ISocketFactory;
}

declare module 'kafkajs/src/instrumentation/emitter.js' {
  export default class InstrumentationEventEmitter {}
}

declare module 'kafkajs/src/protocol/requests/index.js' {
  export const requests: { readonly Fetch: unknown };
}

declare module 'kafkajs/src/consumer/assigners/roundRobinAssigner/index.js' {
  import type Cluster from 'kafkajs/src/cluster/index.js';
  export default function roundRobinAssigner(options: { cluster: Cluster }): unknown;
}

declare module 'kafkajs/src/consumer/consumerGroup.js' {
  import type Cluster from 'kafkajs/src/cluster/index.js';
  import type { KafkaLoggerInternal } from 'kafkajs/src/cluster/index.js';

  export default class ConsumerGroup {
    constructor(options: {
      logger: KafkaLoggerInternal;
      cluster: Cluster;
      groupId: string;
      topics: readonly string[];
      topicConfigurations: Record<string, { fromBeginning: boolean }>;
      retry: object;
      instrumentationEmitter: unknown;
      assigners: readonly unknown[];
      sessionTimeout: number;
      rebalanceTimeout: number;
      metadataMaxAge: number;
      autoCommit: boolean;
      isolationLevel: number;
    });
    memberId: string | null;
    connect(): Promise<void>;
    joinAndSync(): Promise<void>;
    leave(): Promise<void>;
    assigned(): readonly { readonly topic: string; readonly partitions: readonly number[] }[];
    /** Throws where the topic has partitions that the present assignment does not know of. */
    checkForStaleAssignment(): void;
    heartbeat(options: { interval: number }): Promise<void>;
    commitOffsets(offsets: {
      topics: readonly { topic: string; partitions: readonly { partition: number; offset: string }[] }[];
    }): Promise<void>;
  }
}
