import { setTimeout as pause } from 'node:timers/promises';
import type { ITopicConfig } from 'kafkajs';
import type Cluster from 'kafkajs/src/cluster/index.js';
import { SentinelError } from '../../domain/errors.ts';
import type { Topics } from '../../ports/event-log.ts';
import type { Connections } from './connection.ts';
import { isRetryableFault } from './errors.ts';

const DEFAULT_PARTITIONS: Record<keyof Topics, number> = { events: 12, audit: 3, kill_state: 1, dead_letter: 1 };

/** The broker's clock: one for all who write. */
const APPEND_TIME = { 'message.timestamp.type': 'LogAppendTime' };

const CONFIG: Record<keyof Topics, Record<string, string>> = {
  events: APPEND_TIME,
  audit: APPEND_TIME,
  kill_state: { ...APPEND_TIME, 'cleanup.policy': 'compact' },
  dead_letter: APPEND_TIME,
};

const ATTEMPTS = 8;
const BACKOFF_MS = 250;

/** Makes the topics that are not there yet. Another instance may be making them too. */
export async function ensureTopics({ kafka, options }: Connections): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    await patiently(async () => {
      const existing = new Set(await admin.listTopics());
      for (const role of Object.keys(CONFIG) as (keyof Topics)[]) {
        if (existing.has(options.topics[role])) continue;
        const topic = topicConfig(options.topics[role], role, options.partitions?.[role]);
        await admin.createTopics({ topics: [topic], waitForLeaders: false });
      }
      await admin.fetchTopicMetadata({ topics: Object.values(options.topics) });
    });
  } finally {
    await admin.disconnect();
  }
}

/** A busy broker that has just made a topic may say for a moment that it does not exist. */
async function patiently(attempt: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries === ATTEMPTS || !isRetryableFault(error)) throw error;
      await pause(BACKOFF_MS);
    }
  }
}

function topicConfig(topic: string, role: keyof Topics, partitions: number | undefined): ITopicConfig {
  return {
    topic,
    numPartitions: partitions ?? DEFAULT_PARTITIONS[role],
    configEntries: Object.entries(CONFIG[role]).map(([name, value]) => ({ name, value })),
  };
}

/** In ascending order; what the cluster knew when its metadata was last refreshed. */
export function partitionsOf(cluster: Cluster, topic: string): number[] {
  const partitions = cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId);
  if (partitions.length === 0) {
    throw new SentinelError(
      'kafka_unavailable',
      `The topic ${topic} does not exist. Create it, or let \`sentinel run\` create it.`,
    );
  }
  return partitions.sort((a, b) => a - b);
}

export type OffsetQuestion = { readonly fromBeginning: boolean } | { readonly fromTimestamp: number };

/** One offset of a partition: its start, its end, or the first at a time (−1 where there is none). */
export async function offsetOf(
  cluster: Cluster,
  topic: string,
  partition: number,
  question: OffsetQuestion,
): Promise<number> {
  const ask = async () => {
    const [answer] = await cluster.fetchTopicsOffset([{ topic, partitions: [{ partition }], ...question }]);
    return answer?.partitions.find((each) => each.partition === partition);
  };
  let found = await ask();
  if (found === undefined) {
    // A new partition, or one whose leader has moved: what we know of the topic is old.
    await cluster.refreshMetadata();
    found = await ask();
  }
  if (found === undefined) throw leaderless(topic, partition);
  return Number(found.offset);
}

/** The first offset at that time or later; where there is none the end, as it was before that was asked: what is appended in between is no older. */
export async function offsetAt(cluster: Cluster, topic: string, partition: number, time: number): Promise<number> {
  const end = await offsetOf(cluster, topic, partition, { fromBeginning: false });
  const offset = await offsetOf(cluster, topic, partition, { fromTimestamp: Math.max(0, time) });
  return offset >= 0 ? offset : end;
}

function leaderless(topic: string, partition: number): SentinelError {
  const text = `Partition ${partition} of ${topic} has no leader now. It is worth trying again.`;
  return new SentinelError('kafka_unavailable', text, { retryable: true });
}
