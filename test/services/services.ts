/** Kafka and Redis together, as the environment names them or as we provision them. */

import { note } from './install.ts';
import { brokerAnswers, startKafka } from './kafka.ts';
import { until } from './poll.ts';
import { infoOf, startRedis } from './redis.ts';

export interface Services {
  readonly kafkaBrokers: string[];
  readonly redisUrl: string;
  stop(): Promise<void>;
}

interface Part<T> {
  readonly address: T;
  stop(): Promise<void>;
}

export async function startServices(environment = process.env, answerWithinMs = 15_000): Promise<Services> {
  const parts = await Promise.allSettled([
    kafkaPart(environment.KAFKA_BROKERS, answerWithinMs),
    redisPart(environment.REDIS_URL, answerWithinMs),
  ]);
  const [kafka, redis] = parts;
  const stop = async (): Promise<void> => {
    await Promise.all(parts.map((part) => part.status === 'fulfilled' && part.value.stop()));
  };
  if (kafka.status === 'fulfilled' && redis.status === 'fulfilled') {
    return { kafkaBrokers: kafka.value.address, redisUrl: redis.value.address, stop };
  }
  await stop();
  const reasons = parts.flatMap((part) => (part.status === 'rejected' ? [(part.reason as Error).message] : []));
  throw new Error(`Real services are needed and could not be had.\n${reasons.join('\n')}`);
}

async function kafkaPart(given: string | undefined, answerWithinMs: number): Promise<Part<string[]>> {
  if (!given) {
    const kafka = await startKafka();
    note(`Kafka is at ${kafka.brokers.join(',')}`);
    return { address: kafka.brokers, stop: kafka.stop };
  }
  const brokers = given.split(',').map((broker) => broker.trim());
  if (!(await until(() => brokerAnswers(brokers), answerWithinMs, 500))) {
    throw new Error(`KAFKA_BROKERS is set to ${given}, but no broker answers there. Start it, or unset the variable.`);
  }
  return { address: brokers, stop: async () => {} };
}

async function redisPart(given: string | undefined, answerWithinMs: number): Promise<Part<string>> {
  if (!given) {
    const redis = await startRedis();
    note(`Redis is at ${redis.url}`);
    return { address: redis.url, stop: redis.stop };
  }
  if (!(await until(async () => (await infoOf(given)) !== '', answerWithinMs, 500))) {
    throw new Error('REDIS_URL is set, but no Redis answers there. Start it, or unset the variable.');
  }
  return { address: given, stop: async () => {} };
}
