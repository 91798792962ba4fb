import { isWaitedFor } from '../domain/errors.ts';
import type { CompiledRuleSet } from '../domain/rule.ts';
import type { CheckpointStore } from '../ports/checkpoint-store.ts';
import type { EventLog, LogBatch, LogConsumer, LogSubscription } from '../ports/event-log.ts';
import { Checkpoints } from './checkpoints.ts';
import type { HeldPartition } from './held-partition.ts';
import type { Fence } from './kill-mirror.ts';
import type { Partition } from './partition.ts';
import type { PipelineOptions } from './pipeline-options.ts';
import { retrying } from './retrying.ts';
import type { Shared } from './shared.ts';
import { takeOver } from './takeover.ts';
import type { Progress } from './watchdog.ts';

type PipelineLog = Pick<EventLog, 'consume' | 'endOffset' | 'offsetAt'>;

const STOP_FLUSH_MS = 2_000;

/**
 * The one loop: batches in, checkpoints out, partition by partition. Every assignment restores from the checkpoints; work
 * of an older one is dropped.
 */
export class Pipeline implements LogConsumer {
  readonly #ports: { readonly log: PipelineLog; readonly checkpoints: CheckpointStore };
  readonly #shared: Shared;
  readonly #options: PipelineOptions;
  readonly #checkpoints: Checkpoints;
  #rules: CompiledRuleSet;
  #held = new Map<number, HeldPartition>();
  readonly #stopping = new AbortController();
  #subscription: LogSubscription | null = null;

  constructor(
    ports: { readonly log: PipelineLog; readonly checkpoints: CheckpointStore },
    rules: CompiledRuleSet,
    shared: Shared,
    options: PipelineOptions,
  ) {
    this.#ports = ports;
    this.#rules = rules;
    this.#shared = shared;
    this.#options = options;
    this.#checkpoints = new Checkpoints({
      pace: options.checkpoints,
      now: shared.now,
      commit: async (partition, nextOffset) => this.#subscription?.commit(partition, nextOffset),
      onWaiting: (why) => options.onWaiting('checkpoints', why),
      onLost: (held) => this.#giveUp(held),
    });
  }

  async start(): Promise<void> {
    this.#options.onWaiting('partitions', 'the log has assigned no partitions yet');
    this.#subscription = await this.#ports.log.consume(this);
    if (this.#stopping.signal.aborted) await this.#subscription.stop();
  }

  /** Finishes the record in hand, saves checkpoints, commits and leaves. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const { partition } of this.#all) partition.leave();
    await this.#each(async () => {});
    // What is acknowledged needs no place in the checkpoint.
    await this.#shared.queue.flush(STOP_FLUSH_MS);
    // Before we leave the group: afterwards nobody takes our commits.
    await this.#checkpoints.saveAll(this.#all);
    await this.#subscription?.stop();
  }

  async assigned(partitions: readonly number[]): Promise<ReadonlyMap<number, number>> {
    this.#options.onWaiting('partitions', `restoring ${partitions.length} partitions`);
    const old = this.#all;
    this.#held = new Map();
    for (const held of old) {
      held.release();
      await held.serial.run(async () => this.#shared.queue.release(held.partition.partition));
    }
    await Promise.all(partitions.map((partition) => this.#takeOver(partition)));
    this.#spread();
    this.#options.onWaiting('partitions', null);
    this.#options.onReading(this.#held.size);
    return new Map(this.#all.map(({ partition: { partition, engine } }) => [partition, engine.nextOffset]));
  }

  async batch(batch: LogBatch): Promise<void> {
    const held = this.#held.get(batch.partition);
    if (held === undefined || held.isReleased || this.#stopping.signal.aborted) return;
    await held.serial.run(() => this.#take(held, batch));
  }

  crashed(error: Error): void {
    if (!this.#stopping.signal.aborted) this.#options.onCrash(error);
  }

  /** Once in a while: what waits is tried again. */
  async retry(): Promise<void> {
    await this.#each(({ partition }) => partition.retry());
  }

  /** Once in a while: saves the checkpoints that are due. */
  async saveDue(): Promise<void> {
    await this.#checkpoints.saveDue(this.#all);
  }

  /** The log has acknowledged the outbox up to that entry. */
  confirm(outboxId: string, isAfter: (a: string, b: string) => boolean): void {
    for (const { partition } of this.#all) partition.confirm(outboxId, isAfter);
  }

  /** The kill store was another one than before: what it may have forgotten is decided again. */
  async doubt(): Promise<void> {
    await this.#each(async ({ partition }) => partition.doubt());
  }

  async fence(fence: Fence): Promise<void> {
    await this.#each(({ partition }) => partition.fence(fence));
  }

  /** Checkpoints first, then swaps the rule set, partition by partition. */
  async reload(rules: CompiledRuleSet): Promise<void> {
    this.#rules = rules;
    const swap = (held: HeldPartition) => this.#checkpoints.saveThen(held, () => held.partition.reload(rules));
    await Promise.all(this.#all.map(swap));
  }

  /** Why nothing can be read at the moment; null while it can. */
  get outage(): string | null {
    return this.#subscription?.outage() ?? null;
  }

  /** Asks the log how far there is to read: batches alone do not tell when none come. */
  async lookAtEnds(): Promise<void> {
    const { log } = this.#ports;
    await Promise.all(
      this.#all.map(async (held) => held.endsAt(await log.endOffset(this.#options.topic, held.partition.partition))),
    );
  }

  /** For the watchdog and for lag displays; to be asked regularly: it notices progress. */
  progress(): readonly Progress[] {
    const { queue, now } = this.#shared;
    return this.#all.map((held) => {
      const pausedFor = this.outage ?? (queue.isFull(held.partition.partition) ? queue.outage : null);
      return held.progress(now(), pausedFor);
    });
  }

  get partitions(): readonly Partition[] {
    return this.#all.map(({ partition }) => partition);
  }

  /** Size of the newest checkpoints together. */
  get stateBytes(): number {
    return this.#all.reduce((sum, { slot }) => sum + slot.bytes, 0);
  }

  get #all(): readonly HeldPartition[] {
    return [...this.#held.values()];
  }

  /** Partitions go on side by side; none waits for another. */
  async #each(work: (held: HeldPartition) => Promise<void>): Promise<void> {
    await Promise.all(this.#all.map((held) => held.serial.run(() => work(held))));
  }

  async #take(held: HeldPartition, batch: LogBatch): Promise<void> {
    held.endsAt(batch.endOffset);
    if (batch.gap !== undefined) this.#reportGap(batch.partition, batch.gap);
    if (!batch.logAppendTime) this.#reportProducerTime(held);
    await held.partition.take(batch);
  }

  #reportGap(partition: number, { from, to }: { readonly from: number; readonly to: number }): void {
    this.#shared.metrics.gaps.inc(to - from);
    const text = `offsets ${from} to ${to - 1} were dropped by the log before they could be read`;
    this.#options.onNotice(partition, { kind: 'loss', text });
  }

  #reportProducerTime(held: HeldPartition): void {
    if (held.isProducerTimeTold) return;
    held.isProducerTimeTold = true;
    const text = `${this.#options.topic} keeps producers' times, expected LogAppendTime: replays may differ`;
    this.#options.onNotice(held.partition.partition, { kind: 'producer_time', text });
  }

  #giveUp(held: HeldPartition): void {
    held.release();
    const text = 'another instance has taken this partition over';
    this.#options.onNotice(held.partition.partition, { kind: 'information', text });
  }

  /** Restores a partition, however long its checkpoint or the log is away, or turns us away: at the start both let us in. */
  async #takeOver(partition: number): Promise<void> {
    const report = (why: string | null) => this.#options.onWaiting(`partition ${partition}`, why);
    const parts = { ...this.#ports, shared: this.#shared, options: this.#options };
    const attempt = () => takeOver(parts, partition, this.#rules);
    const held = await retrying(attempt, this.#stopping.signal, report, isWaitedFor);
    this.#held.set(partition, held);
    await held.serial.run(async () => {
      for (const fence of this.#shared.mirror.fences()) await held.partition.fence(fence);
    });
  }

  /** Checkpoints come due one after the other, not all at once. */
  #spread(): void {
    const step = this.#options.checkpoints.everyMs / this.#held.size;
    this.#all.forEach(({ slot }, place) => {
      slot.savedAt -= place * step;
    });
  }
}
