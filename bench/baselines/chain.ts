/** The least that detecting and telling can cost: kafkajs, JSON.parse, and one PUBLISH for a probe. */
import { Redis } from 'ioredis';
import { CHANNEL } from '../probe-channel.ts';
import { taskInput } from '../tasks/task.ts';
import { type BaselineInput, consume } from './consumer.ts';

const input = taskInput<BaselineInput>();
const redis = new Redis(input.redisUrl);
await consume(input, (value) => {
  const { marker } = JSON.parse(value.toString('utf8')) as { marker?: number };
  if (marker !== undefined) void redis.publish(CHANNEL, String(marker));
});
