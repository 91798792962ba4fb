import { ConfigResourceTypes } from 'kafkajs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { KafkaEventLog } from '../../../src/adapters/kafka/event-log.ts';
import { kafkaBrokers } from '../../services/context.ts';
import { plainClient, type TestLog, testLog } from './harness.ts';

let log: TestLog;
let opened: KafkaEventLog;

beforeEach(async () => {
  log = testLog(kafkaBrokers(), { events: 3 });
  opened = log.open();
  await opened.ensureTopics();
});

afterEach(() => log.dispose());

async function valuesOf(topic: string): Promise<string[]> {
  const values: string[] = [];
  await opened.readAll(topic, ({ value }) => values.push(String(value).slice(0, 12)));
  return values;
}

test('topics are made as each is used: append times for events, compaction for the kill state', async () => {
  const admin = plainClient(kafkaBrokers()).admin();
  await admin.connect();
  const { events, kill_state: killState } = log.topics;
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [events, killState].map((name) => ({
      type: ConfigResourceTypes.TOPIC,
      name,
      configNames: ['message.timestamp.type', 'cleanup.policy'],
    })),
  });
  await admin.disconnect();
  const config = new Map(
    resources.flatMap(({ resourceName, configEntries }) =>
      configEntries.map(({ configName, configValue }) => [`${resourceName} ${configName}`, configValue]),
    ),
  );
  expect(config.get(`${events} message.timestamp.type`)).toBe('LogAppendTime');
  expect(config.get(`${events} cleanup.policy`)).toBe('delete');
  expect(config.get(`${killState} cleanup.policy`)).toBe('compact');
  const counts = await Promise.all(Object.values(log.topics).map((topic) => opened.partitions(topic)));
  expect(counts.map((partitions) => partitions.length)).toEqual([3, 3, 1, 1]);
});

test('a message that no broker takes is rejected for good, and takes nobody with it', async () => {
  const { audit } = log.topics;
  const results = await Promise.allSettled([
    opened.append(audit, [{ key: 'a', value: 'before' }]),
    opened.append(audit, [{ key: 'a', value: Buffer.alloc(3_000_000, 'x') }]),
    opened.append(audit, [{ key: 'a', value: 'after' }]),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect((results[1] as PromiseRejectedResult).reason).toMatchObject({ code: 'kafka_unavailable', retryable: false });
  expect((await valuesOf(audit)).sort()).toEqual(['after', 'before']);
});

test('more than one request can take is stored in the order of the calls', async () => {
  const { dead_letter: deadLetter } = log.topics;
  const label = (index: number) => String(index).padStart(12, '0');
  const calls = Array.from({ length: 60 }, (_, index) => {
    const value = label(index) + 'x'.repeat(100_000);
    return opened.append(deadLetter, [{ key: null, value, partition: 0 }]);
  });
  const places = (await Promise.all(calls)).flat();
  expect(places.map(({ offset }) => offset)).toEqual(Array.from({ length: 60 }, (_, index) => index));
  expect(await valuesOf(deadLetter)).toEqual(Array.from({ length: 60 }, (_, index) => label(index)));
});

test('keys are spread as other Kafka clients spread them', async () => {
  const { events } = log.topics;
  const producer = plainClient(kafkaBrokers()).producer();
  await producer.connect();
  for (let index = 0; index < 20; index++) {
    const key = `tenant-${index}`;
    const [theirs] = await producer.send({ topic: events, messages: [{ key, value: 'x' }] });
    const [ours] = await opened.append(events, [{ key, value: 'x' }]);
    expect(ours?.partition).toBe(theirs?.partition);
  }
  await producer.disconnect();
});

test('a closed log takes nothing, and says so', async () => {
  await opened.close();
  await expect(opened.append(log.topics.audit, [{ key: null, value: 'x' }])).rejects.toThrow('closed');
});
