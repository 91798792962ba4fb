import { type ISocketFactory, Kafka, type KafkaConfig, logLevel, type SASLOptions } from 'kafkajs';
import Cluster, { type KafkaLoggerInternal } from 'kafkajs/src/cluster/index.js';
import { createLogger } from 'kafkajs/src/loggers/index.js';
import { kafkaError } from './errors.ts';
import { FetchBodies } from './fetch-bodies.ts';
import { logCreatorFor } from './logging.ts';
import { DEFAULT_TUNING, type KafkaLogOptions, type KafkaTuning } from './options.ts';
import { brokerSockets } from './sockets.ts';

/** A hanging foreign transaction would blind a reader of committed records only. */
export const READ_UNCOMMITTED = 0;

/** Bounded: about 1.5 s, then whoever asked hears of it. Given whole, because kafkajs has other defaults in tests. */
export const RETRY = { initialRetryTime: 100, maxRetryTime: 1000, multiplier: 2, factor: 0.2, retries: 4 };

type ClientConfig = Omit<KafkaConfig, 'logLevel' | 'logCreator' | 'socketFactory'> & { socketFactory: ISocketFactory };

/** Makes kafkajs' clients, all with the same settings. Opens nothing by itself. */
export class Connections {
  readonly options: KafkaLogOptions;
  readonly tuning: KafkaTuning;
  readonly logger: KafkaLoggerInternal;
  readonly kafka: Kafka;
  readonly bodies = new FetchBodies();
  readonly #config: ClientConfig;

  constructor(options: KafkaLogOptions) {
    this.options = options;
    this.tuning = { ...DEFAULT_TUNING, ...options.tuning };
    this.#config = clientConfig(options, this.tuning, this.bodies);
    const logging = { level: logLevel.WARN, logCreator: logCreatorFor(options.log) };
    this.logger = createLogger(logging);
    this.kafka = new Kafka({ ...this.#config, logLevel: logging.level, logCreator: logging.logCreator });
  }

  /**
   * A new set of connections; whoever asks disconnects it. Rejects with `kafka_unavailable` where no broker answers, with
   * `kafka_rejected` where one turns us away.
   */
  async connect(topics: readonly string[]): Promise<Cluster> {
    const cluster = this.cluster();
    try {
      await cluster.connect();
      await cluster.addMultipleTargetTopics(topics);
      return cluster;
    } catch (error) {
      await cluster.disconnect();
      throw this.error(error, topics.length === 0 ? 'be reached' : `tell about ${topics.join(', ')}`);
    }
  }

  cluster(): Cluster {
    return new Cluster({
      ...this.#config,
      logger: this.logger,
      metadataMaxAge: this.tuning.metadataMaxAgeMs,
      allowAutoTopicCreation: false,
      isolationLevel: READ_UNCOMMITTED,
      maxInFlightRequests: null,
    });
  }

  error(error: unknown, doing: string): Error {
    return kafkaError(error, this.options.brokers, doing);
  }
}

function clientConfig(options: KafkaLogOptions, tuning: KafkaTuning, bodies: FetchBodies): ClientConfig {
  const { brokers, clientId = 'agent-sentinel', ssl = false, sasl } = options;
  return {
    brokers: [...brokers],
    clientId,
    ssl: typeof ssl === 'boolean' ? ssl : { ...ssl },
    ...(sasl === undefined ? {} : { sasl: { ...sasl } as SASLOptions }),
    connectionTimeout: 3000,
    authenticationTimeout: 10_000,
    reauthenticationThreshold: 10_000,
    requestTimeout: tuning.requestTimeoutMs,
    enforceRequestTimeout: true,
    retry: RETRY,
    socketFactory: brokerSockets(bodies),
  };
}
