/** A real Apache Kafka broker for tests and development: KRaft, one small JVM, a port and a directory of its own. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { run } from './install.ts';
import { provisionKafka } from './kafka-install.ts';
import { temporaryDirectory } from './leash.ts';
import { until } from './poll.ts';
import { freePorts } from './ports.ts';
import { type Server, server } from './server.ts';

export interface KafkaOptions {
  /** Further lines of server.properties; they win over the defaults. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Further listeners, by name, beside the plain one; how each is secured is for `properties` to say. */
  readonly doors?: Readonly<Record<string, SecurityProtocol>>;
  /** Users as `kafka-storage format --add-scram` takes them: `SCRAM-SHA-256=[name=…,password=…]`. */
  readonly scram?: readonly string[];
}

export type SecurityProtocol = 'SASL_PLAINTEXT' | 'SSL' | 'SASL_SSL';

export interface KafkaServer {
  readonly brokers: string[];
  /** `host:port` of each further listener. */
  readonly doors: Readonly<Record<string, string>>;
  readonly port: number;
  readonly dir: string;
  pid(): number | undefined;
  /** kill -9; ports and logs stay. */
  kill(): Promise<void>;
  /**
   * Starts it again after `kill`, on the same ports and logs. The controller first waits until the killed broker's
   * session is over: 9 s, unless `broker.session.timeout.ms` (and `broker.heartbeat.interval.ms`) were made shorter.
   */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const JVM_FLAGS = ['-Xms128m', '-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
const ATTEMPTS = 3;

/** A private broker; `stop` removes all of it. */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaServer> {
  const libraries = await provisionKafka();
  for (let attempt = 1; ; attempt++) {
    const kafka = await kafkaOnFreePorts(libraries, options);
    try {
      await kafka.start();
      return kafka;
    } catch (error) {
      await kafka.stop();
      // Somebody else may have taken a port since we found it free.
      if (attempt === ATTEMPTS || !/address already in use|failed to bind/i.test((error as Error).message)) throw error;
    }
  }
}

async function kafkaOnFreePorts(libraries: string, options: KafkaOptions): Promise<KafkaServer> {
  const { properties = {}, doors: wanted = {}, scram = [] } = options;
  const names = Object.keys(wanted);
  const [port = 0, controllerPort = 0, ...doorPorts] = await freePorts(2 + names.length);
  const doors = Object.fromEntries(names.map((name, n) => [name, `127.0.0.1:${doorPorts[n]}`]));
  const dir = temporaryDirectory('kafka');
  const clusterId = randomClusterId();
  const lines = { ...serverProperties(dir, port, controllerPort, doors, wanted), ...properties };
  const java = writeConfiguration(libraries, dir, lines);
  const format = ['format', '-t', clusterId, '-c', 'server.properties', ...scram.flatMap((user) => ['-S', user])];
  await run('java', [...java, 'kafka.tools.StorageTool', ...format], dir);
  const brokers = [`127.0.0.1:${port}`];
  const broker = server({
    name: 'Kafka',
    command: 'java',
    args: [...java, 'kafka.Kafka', 'server.properties'],
    dir,
    ready: () => brokerAnswers(brokers, clusterId),
    readyWithinMs: 120_000,
  });
  return { brokers, doors, port, dir, ...broker, start: () => startWarm(broker, brokers) };
}

/** 22 characters of base64. A first one of '-' would read as an option, hence the cleared bit. */
function randomClusterId(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0] as number) & 0x7f;
  return bytes.toString('base64url');
}

/** Ready means that groups can be joined as well: the first one makes the broker create its offsets topic. */
async function startWarm(broker: Server, brokers: string[]): Promise<void> {
  await broker.start();
  if (!(await until(() => findsCoordinator(brokers), 60_000, 100))) throw new Error('Kafka has no group coordinator.');
}

/** Writes the broker's two files and returns the flags of its JVM. */
function writeConfiguration(libraries: string, dir: string, properties: Record<string, string>): string[] {
  mkdirSync(join(dir, 'logs'));
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(join(dir, 'server.properties'), lines.join(''));
  writeFileSync(join(dir, 'log4j2.properties'), QUIET_LOG);
  return [...JVM_FLAGS, `-Dlog4j2.configurationFile=${join(dir, 'log4j2.properties')}`, '-cp', join(libraries, '*')];
}

const QUIET_LOG = `
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %c{1} %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
`;

function serverProperties(
  dir: string,
  port: number,
  controllerPort: number,
  doors: Readonly<Record<string, string>>,
  protocols: Readonly<Record<string, SecurityProtocol>>,
): Record<string, string> {
  const open = [`PLAINTEXT://127.0.0.1:${port}`, ...Object.entries(doors).map(([name, at]) => `${name}://${at}`)];
  const secured = Object.entries(protocols)
    .map(([name, protocol]) => `,${name}:${protocol}`)
    .join('');
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: [...open, `CONTROLLER://127.0.0.1:${controllerPort}`].join(','),
    'advertised.listeners': open.join(','),
    'listener.security.protocol.map': `PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT${secured}`,
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': join(dir, 'logs'),
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'share.coordinator.state.topic.num.partitions': '1',
    'group.initial.rebalance.delay.ms': '0',
    'auto.create.topics.enable': 'false',
    'log.cleaner.dedupe.buffer.size': '2097152',
  };
}

/** Does a broker answer there, and is it of this cluster? A foreign server may have been faster to take the port. */
export async function brokerAnswers(brokers: string[], clusterId?: string): Promise<boolean> {
  return asAdmin(brokers, async (admin) => {
    const cluster = await admin.describeCluster();
    return clusterId === undefined || cluster.clusterId === clusterId;
  });
}

function findsCoordinator(brokers: string[]): Promise<boolean> {
  return asAdmin(brokers, async (admin) => {
    await admin.fetchOffsets({ groupId: 'warm-up', topics: [] });
    return true;
  });
}

async function asAdmin<T>(brokers: string[], work: (admin: ReturnType<Kafka['admin']>) => Promise<T>): Promise<T> {
  const kafka = new Kafka({
    clientId: 'test-services',
    brokers,
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1000,
    retry: { retries: 3, initialRetryTime: 50 },
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}
