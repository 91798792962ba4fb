/** Fills an events topic with the workload, in batches of a fixed size, a tenant always in the same partition. */
import { Kafka, logLevel } from 'kafkajs';
import { type WorkloadOptions, workload } from '../workload.ts';
import { task } from './task.ts';

export interface FillInput {
  readonly brokers: string[];
  readonly topic: string;
  readonly partitions: number;
  /** Records per record batch. */
  readonly batch: number;
  readonly workload: WorkloadOptions;
}

interface Message {
  readonly key: string;
  readonly value: Buffer;
  readonly partition: number;
}

await task<FillInput, number>(async ({ brokers, topic, partitions, batch, workload: options }) => {
  const producer = new Kafka({ clientId: 'fill', brokers, logLevel: logLevel.NOTHING }).producer({ idempotent: false });
  await producer.connect();
  const waiting = Array.from({ length: partitions }, (): Message[] => []);
  // One request at a time for each partition keeps their order.
  const sending = Array.from({ length: partitions }, (): Promise<unknown> => Promise.resolve());
  let sent = 0;
  for (const { tenant, bytes } of workload(options)) {
    const partition = tenant % partitions;
    const messages = waiting[partition]!;
    messages.push({ key: String(tenant), value: bytes, partition });
    if (messages.length < batch) continue;
    await sending[partition];
    sending[partition] = producer.send({ topic, messages: messages.splice(0) });
    sent += batch;
  }
  await Promise.all(sending);
  for (const messages of waiting) {
    if (messages.length > 0) await producer.send({ topic, messages });
    sent += messages.length;
  }
  await producer.disconnect();
  return sent;
});
