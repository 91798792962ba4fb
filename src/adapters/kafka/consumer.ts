/**
 * The consumer's life:
 *
 *   joining → restoring → reading → (rebalanced → joining | stopped | crashed)
 *
 * Joining: the group tells which partitions are ours. Restoring: the consumer says where to start; nothing is read yet.
 * Reading: batches flow, heartbeats go out. Rebalanced: what is in hand turns stale and is waited for, and only then do
 * we join again, so that a partition has one owner at a time. While Kafka is away, or turns us away, we stay in reading or
 * joining and try again for ever; anything else, or an error of the consumer, crashes: it is told once, and the end is final.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type Cluster from 'kafkajs/src/cluster/index.js';
import { messageOf } from '../../domain/errors.ts';
import type { LogConsumer, LogSubscription } from '../../ports/event-log.ts';
import { Assignment } from './assignment.ts';
import type { Connections } from './connection.ts';
import { isRetryableFault } from './errors.ts';
import { GroupMember } from './group.ts';

const REJOIN_BACKOFF_MS = 500;

export class GroupConsumer implements LogSubscription {
  readonly #connections: Connections;
  readonly #cluster: Cluster;
  readonly #consumer: LogConsumer;
  readonly #member: GroupMember;
  readonly #stopping = new AbortController();
  #assignment: Assignment | null = null;
  #joining: string | null = null;
  #life: Promise<void> = Promise.resolve();

  private constructor(connections: Connections, cluster: Cluster, consumer: LogConsumer) {
    this.#connections = connections;
    this.#cluster = cluster;
    this.#consumer = consumer;
    this.#member = new GroupMember(connections, cluster);
  }

  /** Resolves when it has joined; rejects with `kafka_unavailable` or `kafka_rejected` where it cannot. */
  static async start(connections: Connections, consumer: LogConsumer): Promise<GroupConsumer> {
    const { groupId, topics } = connections.options;
    const cluster = await connections.connect([topics.events]);
    const started = new GroupConsumer(connections, cluster, consumer);
    try {
      const partitions = await started.#member.join();
      started.#life = started.#live(partitions);
      return started;
    } catch (error) {
      await started.#member.leave();
      throw connections.error(error, `let us join the group ${groupId}`);
    }
  }

  async commit(partition: number, nextOffset: number): Promise<void> {
    const assignment = this.#assignment;
    if (assignment === null || assignment.isStale() || !assignment.partitions.includes(partition)) return;
    await this.#member.commit(partition, nextOffset);
  }

  pause(partition: number): void {
    this.#assignment?.pause(partition);
  }

  resume(partition: number): void {
    this.#assignment?.resume(partition);
  }

  outage(): string | null {
    return this.#joining ?? this.#assignment?.outage ?? null;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#assignment?.close();
    await this.#life;
  }

  async #live(first: readonly number[]): Promise<void> {
    try {
      for (let partitions: readonly number[] | null = first; partitions !== null; partitions = await this.#rejoin()) {
        await this.#serve(partitions);
      }
    } catch (error) {
      const { topics } = this.#connections.options;
      this.#consumer.crashed(error instanceof Error ? error : this.#connections.error(error, `read ${topics.events}`));
    } finally {
      await this.#member.leave();
    }
  }

  /** From one assignment to the end of all that was in hand of it. */
  async #serve(partitions: readonly number[]): Promise<void> {
    const membership = { isLapsed: () => this.#member.isLapsed(), heartbeat: () => this.#member.beatIfDue() };
    const assignment = new Assignment(this.#connections, this.#cluster, partitions, this.#consumer, membership);
    this.#assignment = assignment;
    if (this.#stopping.signal.aborted) return;
    const served = new AbortController();
    const beating = this.#beat(assignment, served.signal);
    try {
      assignment.start(await this.#consumer.assigned(partitions));
      await assignment.over;
    } finally {
      assignment.close();
      await assignment.settled();
      served.abort();
      await beating;
    }
  }

  /** Goes on while stale batches are waited for, so that the group waits for us too. */
  async #beat(assignment: Assignment, served: AbortSignal): Promise<void> {
    while (!served.aborted) {
      await pause(this.#connections.tuning.heartbeatMs, undefined, { signal: served }).catch(() => {});
      if (!served.aborted && !(await this.#member.beat())) assignment.markStale();
    }
  }

  /** @returns null when we are to stop */
  async #rejoin(): Promise<readonly number[] | null> {
    const { log, groupId } = this.#connections.options;
    while (!this.#stopping.signal.aborted) {
      try {
        const partitions = await this.#member.join();
        this.#joining = null;
        return partitions;
      } catch (error) {
        const trouble = this.#connections.error(error, `let us join the group ${groupId}`);
        if (!isRetryableFault(error)) throw trouble;
        if (this.#joining === null) log('warn', messageOf(trouble));
        this.#joining = messageOf(trouble);
        await pause(REJOIN_BACKOFF_MS, undefined, { signal: this.#stopping.signal }).catch(() => {});
      }
    }
    return null;
  }
}
