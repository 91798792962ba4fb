import { existsSync } from 'node:fs';
import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import { afterEach, expect, test } from 'vitest';
import { kafkaBrokers, redisUrl, unique } from './context.ts';
import { startKafka } from './kafka.ts';
import { startRedis } from './redis.ts';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

function redisClient(url: string): Redis {
  const client = new Redis(url, { maxRetriesPerRequest: 1 });
  client.on('error', () => {});
  cleanUps.push(() => client.disconnect());
  return client;
}

function kafkaClient(brokers: string[]): Kafka {
  return new Kafka({ brokers, logLevel: logLevel.NOTHING });
}

test('the shared services answer where the set-up says', async () => {
  expect(await redisClient(redisUrl()).ping()).toBe('PONG');
  const admin = kafkaClient(kafkaBrokers()).admin();
  await admin.connect();
  cleanUps.push(() => admin.disconnect());
  expect((await admin.describeCluster()).brokers).not.toHaveLength(0);
});

test('a private Redis takes flags, and what it acknowledged survives kill -9', async () => {
  const redis = await startRedis({ args: ['--maxmemory', '8mb'] });
  cleanUps.push(redis.stop);
  const before = redisClient(redis.url);
  expect(await before.config('GET', 'maxmemory')).toEqual(['maxmemory', String(8 * 1024 * 1024)]);
  await before.set('kept', 'yes');
  const firstPid = redis.pid();

  await redis.kill();
  expect(redis.pid()).toBeUndefined();
  await redis.start();

  expect(redis.pid()).not.toBe(firstPid);
  expect(await redisClient(redis.url).get('kept')).toBe('yes');
});

test('a stopped Redis leaves neither process nor directory', async () => {
  const redis = await startRedis();
  const pid = redis.pid() as number;
  await redis.stop();
  await redis.stop(); // idempotent
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  expect(existsSync(redis.dir)).toBe(false);
});

test('a private broker comes back after kill -9 with its topics, and leaves nothing when stopped', async () => {
  const kafka = await startKafka({
    properties: { 'broker.session.timeout.ms': '2000', 'broker.heartbeat.interval.ms': '500' },
  });
  cleanUps.push(kafka.stop);
  const topic = unique('crash');
  const admin = kafkaClient(kafka.brokers).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 2 }], waitForLeaders: true });
  await admin.disconnect();

  await kafka.kill();
  await kafka.start();

  const again = kafkaClient(kafka.brokers).admin();
  await again.connect();
  cleanUps.push(() => again.disconnect());
  expect(await again.listTopics()).toContain(topic);
  await again.disconnect();
  await kafka.stop();
  expect(existsSync(kafka.dir)).toBe(false);
});
