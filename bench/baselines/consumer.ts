/** What both Kafka baselines share: a plain kafkajs consumer, and the words that the bench exchanges with them. */
import { type EachBatchPayload, Kafka, logLevel } from 'kafkajs';

export interface BaselineInput {
  readonly brokers: string[];
  readonly topic: string;
  readonly groupId: string;
  /** It says `done` when it has seen so many records. */
  readonly events: number;
  readonly redisUrl: string;
  readonly keyPrefix: string;
}

/** Says `ready`, waits for `go`, consumes from the start of the topic, says `joined` and, at the end, `done`. */
export async function consume(
  { brokers, topic, groupId, events }: BaselineInput,
  take: (value: Buffer) => void | Promise<void>,
): Promise<void> {
  const kafka = new Kafka({ clientId: groupId, brokers, logLevel: logLevel.NOTHING });
  // The probe let go of the channel; until there are connections, waiting for `go` keeps us alive.
  process.channel?.ref();
  process.send?.({ ready: true });
  await new Promise<void>((resolve) => process.on('message', (message: object) => 'go' in message && resolve()));
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 10 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  consumer.on(consumer.events.GROUP_JOIN, () => process.send?.({ joined: true }));
  let seen = 0;
  await consumer.run({
    eachBatch: async ({ batch, resolveOffset, heartbeat }: EachBatchPayload) => {
      for (const { value, offset } of batch.messages) {
        const waits = take(value as Buffer);
        if (waits !== undefined) await waits;
        resolveOffset(offset);
        if (++seen === events) process.send?.({ done: true });
      }
      await heartbeat();
    },
  });
}
