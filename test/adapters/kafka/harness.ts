/** Logs on a real broker, each with topics and a group of its own. */
import { Kafka, logLevel } from 'kafkajs';
import { KafkaEventLog } from '../../../src/adapters/kafka/event-log.ts';
import type { KafkaLogOptions, KafkaTuning } from '../../../src/adapters/kafka/options.ts';
import type { Topics } from '../../../src/ports/event-log.ts';
import { unique } from '../../services/context.ts';

export interface TestLog {
  readonly topics: Topics;
  readonly groupId: string;
  readonly options: KafkaLogOptions;
  /** What the log said, warnings and errors only. */
  readonly said: string[];
  /** @param way how it reaches the brokers, where not as the test does */
  open(tuning?: Partial<KafkaTuning>, way?: Partial<KafkaLogOptions>): KafkaEventLog;
  dispose(): Promise<void>;
}

export function testLog(brokers: readonly string[], partitions: KafkaLogOptions['partitions'] = {}): TestLog {
  const name = unique('log');
  const topics = {
    events: `${name}.events`,
    audit: `${name}.audit`,
    kill_state: `${name}.kill-state`,
    dead_letter: `${name}.dead-letter`,
  };
  const said: string[] = [];
  const options: KafkaLogOptions = {
    brokers,
    groupId: name,
    topics,
    clock: { now: Date.now },
    log: (level, message) => {
      if (level === 'warn' || level === 'error') said.push(message);
    },
    partitions: { events: 2, ...partitions },
  };
  const opened: KafkaEventLog[] = [];
  return {
    topics,
    groupId: name,
    options,
    said,
    open(tuning = {}, way = {}) {
      const tuned = { drainedEveryMs: 200, heartbeatMs: 200, ...tuning };
      const log = new KafkaEventLog({ ...options, ...way, tuning: tuned });
      opened.push(log);
      return log;
    },
    async dispose() {
      for (const log of opened) await log.close();
      await removeTopics(brokers, Object.values(topics));
    },
  };
}

export function plainClient(brokers: readonly string[]): Kafka {
  return new Kafka({ brokers: [...brokers], clientId: 'test', logLevel: logLevel.NOTHING });
}

async function removeTopics(brokers: readonly string[], topics: readonly string[]): Promise<void> {
  const admin = plainClient(brokers).admin();
  await admin.connect();
  const existing = new Set(await admin.listTopics());
  await admin.deleteTopics({ topics: topics.filter((topic) => existing.has(topic)) });
  await admin.disconnect();
}
