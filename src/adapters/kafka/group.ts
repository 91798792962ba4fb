import type Cluster from 'kafkajs/src/cluster/index.js';
import roundRobinAssigner from 'kafkajs/src/consumer/assigners/roundRobinAssigner/index.js';
import ConsumerGroup from 'kafkajs/src/consumer/consumerGroup.js';
import InstrumentationEventEmitter from 'kafkajs/src/instrumentation/emitter.js';
import type { Connections } from './connection.ts';
import { READ_UNCOMMITTED, RETRY } from './connection.ts';
import { hasType, isMembershipLost } from './errors.ts';

/**
 * Our membership in the consumer group: kafkajs' join, sync, heartbeat and commit, without its fetching. So it is we
 * who say when we join again, and that is when nothing of the old assignment is in hand any more.
 */
export class GroupMember {
  readonly #connections: Connections;
  readonly #cluster: Cluster;
  readonly #topic: string;
  readonly #group: ConsumerGroup;
  #lastBeat = 0;
  #isMember = false;

  constructor(connections: Connections, cluster: Cluster) {
    const { options, tuning, logger } = connections;
    this.#connections = connections;
    this.#cluster = cluster;
    this.#topic = options.topics.events;
    this.#group = new ConsumerGroup({
      logger,
      cluster,
      groupId: options.groupId,
      topics: [this.#topic],
      topicConfigurations: { [this.#topic]: { fromBeginning: true } },
      retry: RETRY,
      instrumentationEmitter: new InstrumentationEventEmitter(),
      assigners: [roundRobinAssigner({ cluster })],
      sessionTimeout: tuning.sessionTimeoutMs,
      rebalanceTimeout: tuning.rebalanceTimeoutMs,
      metadataMaxAge: tuning.metadataMaxAgeMs,
      autoCommit: false,
      isolationLevel: READ_UNCOMMITTED,
    });
  }

  /** Joins, or joins again after a rebalance. @returns the partitions that are ours now */
  async join(): Promise<number[]> {
    await this.#group.connect();
    await this.#group.joinAndSync();
    this.#isMember = true;
    this.#lastBeat = performance.now();
    const mine = this.#group.assigned().find(({ topic }) => topic === this.#topic);
    return [...(mine?.partitions ?? [])].sort((a, b) => a - b);
  }

  /**
   * Says that we live. @returns false when the group has gone on, or the topic has new partitions: join again.
   * A broker that does not answer changes nothing until the session has lapsed.
   */
  async beat(): Promise<boolean> {
    try {
      await this.#group.heartbeat({ interval: 0 });
      this.#lastBeat = performance.now();
      await this.#cluster.refreshMetadataIfNecessary();
      this.#group.checkForStaleAssignment();
    } catch (error) {
      if (hasType(error, 'UNKNOWN_MEMBER_ID')) this.#group.memberId = null;
      if (isMembershipLost(error)) this.#isMember = false;
    }
    return !this.isLapsed();
  }

  isLapsed(): boolean {
    return !this.#isMember || performance.now() - this.#lastBeat > this.#connections.tuning.sessionTimeoutMs;
  }

  async beatIfDue(): Promise<void> {
    if (performance.now() - this.#lastBeat >= this.#connections.tuning.heartbeatMs) await this.beat();
  }

  /** For lag displays only: that it fails is worth a line in the log, not more. */
  async commit(partition: number, nextOffset: number): Promise<void> {
    const partitions = [{ partition, offset: String(nextOffset) }];
    try {
      await this.#group.commitOffsets({ topics: [{ topic: this.#topic, partitions }] });
    } catch (error) {
      const { message } = this.#connections.error(error, `commit partition ${partition} of ${this.#topic}`);
      this.#connections.options.log(isMembershipLost(error) ? 'debug' : 'warn', message);
    }
  }

  /** Others take over at once instead of after the session's timeout. */
  async leave(): Promise<void> {
    await this.#group.leave().catch(() => {});
    await this.#cluster.disconnect().catch(() => {});
  }
}
