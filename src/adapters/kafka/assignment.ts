/**
 * The partitions that are ours between two rebalances, and the records that flow from them.
 *
 *   open → (closed | stale) → settled
 *
 * Open: one fetch at a time per leader, for every partition that has no batch waiting; one batch in hand and one waiting
 * per partition. Closed (stop): no further batch, the ones in hand still count. Stale (rebalance, lapsed session): what
 * is in hand does not count any more. Settled: nothing is in hand. There is no way back: a rebalance makes a new one.
 */
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import type Cluster from 'kafkajs/src/cluster/index.js';
import { messageOf, SentinelError } from '../../domain/errors.ts';
import type { LogBatch, LogConsumer } from '../../ports/event-log.ts';
import type { Connections } from './connection.ts';
import { isRetryableFault } from './errors.ts';
import { FETCH_ERROR, type FetchedPartition, FetchFault, fetchFrom } from './fetch.ts';
import { Hold } from './hold.ts';
import { Lane } from './lane.ts';
import { readRecordSet } from './record-batch.ts';
import { offsetOf } from './topics.ts';

const BACKOFF_MS = 250;
/** After so many bytes of records everybody else gets a turn: some tens of ms of work. More often costs a backlog a tenth. */
const TURN_BYTES = 2 * 1024 * 1024;

export interface Membership {
  /** True when the group may have gone on without us. */
  isLapsed(): boolean;
  heartbeat(): Promise<void>;
}

export class Assignment {
  readonly partitions: readonly number[];
  readonly #lanes = new Map<number, Lane>();
  readonly #connections: Connections;
  readonly #cluster: Cluster;
  readonly #topic: string;
  readonly #consumer: LogConsumer;
  readonly #membership: Membership;
  readonly #fetching = new Map<string, Promise<void>>();
  /** Resolves when it is closed or stale; rejects where reading or handling cannot go on. */
  readonly over: Promise<void>;
  #end: () => void = () => {};
  #fault: (error: unknown) => void = () => {};
  #isOpen = true;
  #isStale = false;
  #outage: string | null = null;
  #turn = 0;

  constructor(
    connections: Connections,
    cluster: Cluster,
    partitions: readonly number[],
    consumer: LogConsumer,
    membership: Membership,
  ) {
    this.#connections = connections;
    this.#cluster = cluster;
    this.#topic = connections.options.topics.events;
    this.partitions = partitions;
    this.#consumer = consumer;
    this.#membership = membership;
    this.over = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#fault = reject;
    });
    this.over.catch(() => {}); // whoever waits for the end hears of it
  }

  get outage(): string | null {
    return this.#outage;
  }

  isStale(): boolean {
    return this.#isStale || this.#membership.isLapsed();
  }

  /** @param starts the offset to read each partition from */
  start(starts: ReadonlyMap<number, number>): void {
    if (!this.#isOpen) return;
    for (const partition of this.partitions) {
      const start = starts.get(partition);
      if (start === undefined)
        throw new SentinelError('internal', `assigned() gave no start for partition ${partition}.`);
      const lane = new Lane(
        partition,
        start,
        (batch, drop) => this.#handle(batch, drop),
        () => this.#pump(),
      );
      this.#lanes.set(partition, lane);
    }
    this.#pump();
  }

  close(): void {
    this.#isOpen = false;
    for (const lane of this.#lanes.values()) lane.close();
    this.#end();
  }

  markStale(): void {
    this.#isStale = true;
    this.close();
  }

  /** Nothing is in hand any more. */
  async settled(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.idle()));
    await Promise.all(this.#fetching.values());
  }

  pause(partition: number): void {
    this.#lanes.get(partition)?.pause();
  }

  resume(partition: number): void {
    this.#lanes.get(partition)?.resume();
  }

  #fail(error: unknown): void {
    this.#fault(error);
    this.close();
  }

  async #handle(batch: LogBatch, drop: () => void): Promise<void> {
    try {
      await this.#consumer.batch(batch);
      drop();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Starts a fetch from every leader that has none under way and leads a partition that wants records. */
  #pump(): void {
    if (!this.#isOpen) return;
    const hungry = [...this.#lanes.values()].filter((lane) => lane.wantsRecords);
    for (const [leader, lanes] of this.#byLeader(hungry)) {
      if (this.#fetching.has(leader)) continue;
      const fetch = this.#fetch(leader, lanes).finally(() => {
        this.#fetching.delete(leader);
        this.#pump();
      });
      this.#fetching.set(leader, fetch);
    }
  }

  #byLeader(lanes: readonly Lane[]): Map<string, Lane[]> {
    const leaders = new Map<string, Lane[]>();
    for (const { partitionId, leader } of this.#cluster.findTopicPartitionMetadata(this.#topic)) {
      const lane = lanes.find((each) => each.partition === partitionId);
      if (lane === undefined) continue;
      const led = leaders.get(String(leader));
      if (led === undefined) leaders.set(String(leader), [lane]);
      else led.push(lane);
    }
    return leaders;
  }

  async #fetch(leader: string, lanes: readonly Lane[]): Promise<void> {
    const { clock } = this.#connections.options;
    const askedAt = clock.now();
    try {
      const wanted = this.#rotated(lanes).map(({ partition, position }) => ({ partition, offset: position }));
      const offsets = new Map(wanted.map(({ partition, offset }) => [partition, offset]));
      const request = { topic: this.#topic, wanted, maxWaitMs: this.#connections.tuning.maxWaitMs };
      const { partitions: answers, release } = await fetchFrom(this.#connections, this.#cluster, leader, request);
      const hold = new Hold(release);
      const receivedAt = clock.now();
      let untilTurn = TURN_BYTES;
      for (const answer of answers) {
        const lane = this.#lanes.get(answer.partition);
        // Two leaders may have been asked while the lead moved: the first answer counts.
        if (lane === undefined || lane.position !== offsets.get(answer.partition)) continue;
        await this.#accept(lane, answer, hold, askedAt, receivedAt);
        untilTurn -= answer.bytes.length;
        if (untilTurn > 0) continue;
        untilTurn = TURN_BYTES;
        await turn();
      }
      hold.drop();
      this.#outage = null;
    } catch (error) {
      await this.#recover(error);
    }
  }

  /** Whoever comes first in a request is served first: everybody in turn. */
  #rotated(lanes: readonly Lane[]): readonly Lane[] {
    const first = this.#turn++ % lanes.length;
    return [...lanes.slice(first), ...lanes.slice(0, first)];
  }

  async #accept(lane: Lane, answer: FetchedPartition, hold: Hold, askedAt: number, receivedAt: number): Promise<void> {
    if (!this.#isOpen) return;
    if (answer.errorCode === FETCH_ERROR.offsetOutOfRange) return this.#reposition(lane, answer, askedAt);
    if (answer.errorCode === FETCH_ERROR.topicNotAuthorized) {
      throw new SentinelError('kafka_unavailable', `Kafka does not let us read ${this.#topic}. Check its access list.`);
    }
    if (answer.errorCode !== FETCH_ERROR.none) throw new FetchFault(answer);
    const { partition, endOffset, bytes } = answer;
    const source = { topic: this.#topic, partition, from: lane.position, endOffset, receivedAt };
    const { records, damagedAt, nextOffset, logAppendTime } = readRecordSet(source, bytes);
    if (damagedAt !== null && lane.doubts(damagedAt)) return;
    if (bytes.length > 0) lane.logAppendTime = logAppendTime;
    lane.position = nextOffset;
    const isDrained = nextOffset >= endOffset && lane.isDrainedDue(this.#connections.tuning.drainedEveryMs);
    if (records.length > 0 || isDrained) lane.offer(this.#batch(lane, records, endOffset, askedAt), hold.keep());
  }

  #batch(lane: Lane, records: LogBatch['records'], endOffset: number, askedAt: number): LogBatch {
    return {
      partition: lane.partition,
      records,
      nextOffset: lane.position,
      endOffset: Math.max(endOffset, lane.position),
      askedAt,
      logAppendTime: lane.logAppendTime,
      isStale: () => this.isStale(),
      heartbeat: () => this.#membership.heartbeat(),
    };
  }

  /** The log no longer, or not yet, has what we want to read next. */
  async #reposition(lane: Lane, answer: FetchedPartition, askedAt: number): Promise<void> {
    const { partition } = lane;
    const from = lane.position;
    const start = await offsetOf(this.#cluster, this.#topic, partition, { fromBeginning: true });
    const end = await offsetOf(this.#cluster, this.#topic, partition, { fromBeginning: false });
    if (from > end) {
      const text = `Partition ${partition} of ${this.#topic} ends at ${end}, before ${from}, where it had already been read to. It was truncated or made anew: start again.`;
      throw new SentinelError('kafka_unavailable', text);
    }
    if (from >= start) return; // it has changed meanwhile: ask again
    lane.position = start;
    lane.offer({ ...this.#batch(lane, [], Math.max(answer.endOffset, end), askedAt), gap: { from, to: start } });
  }

  /** Kafka comes back by itself: wait, learn who leads now, and ask again. Anything else ends the consumer. */
  async #recover(error: unknown): Promise<void> {
    if (!this.#isOpen) return;
    if (!(error instanceof FetchFault) && !isRetryableFault(error)) {
      return this.#fail(this.#connections.error(error, `let us read ${this.#topic}`));
    }
    const { brokers, log } = this.#connections.options;
    if (this.#outage === null) log('warn', `cannot read ${this.#topic}: ${messageOf(error)}`);
    this.#outage = `Kafka at ${brokers.join(', ')}: ${messageOf(error)}`;
    const { host, port } = error as { host?: string; port?: number };
    if (host !== undefined && port !== undefined) this.#cluster.removeBroker({ host, port });
    await Promise.race([pause(BACKOFF_MS, undefined, { ref: false }), this.over.catch(() => {})]);
    if (!this.#isOpen) return;
    // A topic that was away may be another one when it is back: whoever restores compares it with what was read.
    if (error instanceof FetchFault && error.errorCode === FETCH_ERROR.unknownTopic) return this.markStale();
    await this.#cluster.refreshMetadata().catch(() => {});
  }
}
