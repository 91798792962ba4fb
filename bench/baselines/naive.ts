/** The service that a good developer writes in a day: kafkajs, the judge with its Maps, a flag in Redis, a line in a topic. */
import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import { taskInput } from '../tasks/task.ts';
import { type BaselineInput, consume } from './consumer.ts';
import { type Flagged, NaiveJudge } from './naive-judge.ts';

const input = taskInput<BaselineInput & { readonly auditTopic: string }>();
const redis = new Redis(input.redisUrl);
const producer = new Kafka({ clientId: 'naive', brokers: input.brokers, logLevel: logLevel.NOTHING }).producer();
const judge = new NaiveJudge();

async function kill(flagged: readonly Flagged[]): Promise<void> {
  for (const each of flagged) {
    const { tenant, session } = each;
    const flag = session === undefined ? `agent_kill_tenant:${tenant}` : `agent_kill_session:${tenant}:${session}`;
    await redis.set(input.keyPrefix + flag, 'stop_all');
    await producer.send({ topic: input.auditTopic, messages: [{ key: tenant, value: JSON.stringify(each) }] });
  }
}

process.on('message', (message: object) => {
  if ('flags' in message) process.send?.({ flags: judge.flags });
});
await producer.connect();
await consume(input, (value) => {
  const flagged = judge.take(JSON.parse(value.toString('utf8')));
  return flagged.length === 0 ? undefined : kill(flagged);
});
