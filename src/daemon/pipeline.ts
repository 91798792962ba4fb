import type { Alert } from '../domain/alert.ts';
import { messageOf } from '../domain/errors.ts';
import { createDecoder } from '../domain/event/decode.ts';
import { SymbolTables } from '../domain/event/symbol-tables.ts';
import type { CompiledRuleSet } from '../domain/rule.ts';
import type { ToolLists } from '../domain/tool-kind.ts';
import { Engine, encodeSnapshot, symbolsOf } from '../engine/index.ts';
import type { CheckpointStore } from '../ports/checkpoint-store.ts';
import type { EventLog, LogBatch, LogConsumer, LogSubscription } from '../ports/event-log.ts';
import { Responder } from '../responder/responder.ts';
import type { ResponderSettings } from '../responder/settings.ts';
import { CheckpointSlot, encodeCheckpoint, readOutgoing } from './checkpoint.ts';
import type { Fence } from './kill-mirror.ts';
import { Partition, type PartitionParts, type Shared } from './partition.ts';
import { findStart, type Start } from './restore.ts';
import { retrying } from './retrying.ts';
import { Serial } from './serial.ts';
import type { Progress } from './watchdog.ts';

type PipelineLog = Pick<EventLog, 'consume' | 'endOffset' | 'offsetAt'>;

export interface PipelineOptions {
  readonly topic: string;
  readonly format: 'json' | 'cloudevents';
  readonly tools: ToolLists;
  readonly sessionEndsAfterMs: number;
  readonly responder: ResponderSettings;
  readonly checkpointEveryMs: number;
  /** Two unguessable 32-bit words for a partition that starts without a checkpoint. */
  readonly hashKey: () => readonly number[];
  readonly onNotice: (partition: number, notice: Notice) => void;
  /** What a partition waits for, by part; null when it goes on. */
  readonly onWaiting: (part: string, why: string | null) => void;
  readonly onCrash: (error: Error) => void;
}

/** Something that people should know about a partition. `loss`: something was lost by it. */
export interface Notice {
  readonly kind: 'information' | 'loss' | 'producer_time';
  readonly text: string;
}

const STOP_FLUSH_MS = 2_000;

/** A partition that is ours, with everything around it. */
interface Held {
  readonly partition: Partition;
  readonly slot: CheckpointSlot;
  readonly serial: Serial;
  /** The greatest end offset that the log has told. */
  endOffset: number;
  /** Where it stood when it was looked at last, and since when, by our clock. */
  seenOffset: number;
  progressedAt: number;
  savedAt: number;
  /** Next offset of the newest checkpoint. What timers did since then, they do again. */
  savedOffset: number;
  committed: number;
  bytes: number;
  /** Another instance has taken over: nothing that is done here counts any more. */
  superseded: boolean;
  producerTime: boolean;
}

/**
 * The one loop: batches in, checkpoints out, partition by partition. Every assignment restores from the checkpoints; work
 * of an older one is dropped.
 */
export class Pipeline implements LogConsumer {
  readonly #log: PipelineLog;
  readonly #checkpoints: CheckpointStore;
  readonly #shared: Shared;
  readonly #options: PipelineOptions;
  #rules: CompiledRuleSet;
  #held = new Map<number, Held>();
  readonly #stopping = new AbortController();
  #subscription: LogSubscription | null = null;

  constructor(
    ports: { readonly log: PipelineLog; readonly checkpoints: CheckpointStore },
    rules: CompiledRuleSet,
    shared: Shared,
    options: PipelineOptions,
  ) {
    this.#log = ports.log;
    this.#checkpoints = ports.checkpoints;
    this.#rules = rules;
    this.#shared = shared;
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#options.onWaiting('partitions', 'the log has assigned no partitions yet');
    this.#subscription = await this.#log.consume(this);
    if (this.#stopping.signal.aborted) await this.#subscription.stop();
  }

  /** Finishes the record in hand, saves checkpoints, commits and leaves. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const { partition } of this.#held.values()) partition.leave();
    await this.#each(async () => {});
    // What is acknowledged needs no place in the checkpoint.
    await this.#shared.queue.flush(STOP_FLUSH_MS);
    // Before we leave the group: afterwards nobody takes our commits.
    await this.#each((held) => this.#save(held));
    await this.#subscription?.stop();
  }

  async assigned(partitions: readonly number[]): Promise<ReadonlyMap<number, number>> {
    this.#options.onWaiting('partitions', `restoring ${partitions.length} partitions`);
    const old = this.#held;
    this.#held = new Map();
    for (const { partition, serial } of old.values()) {
      partition.leave();
      await serial.run(async () => this.#shared.queue.release(partition.partition));
    }
    await Promise.all(partitions.map((partition) => this.#takeOver(partition)));
    this.#options.onWaiting('partitions', null);
    return new Map([...this.#held].map(([partition, held]) => [partition, held.partition.engine.nextOffset]));
  }

  async batch(batch: LogBatch): Promise<void> {
    const held = this.#held.get(batch.partition);
    if (held === undefined || held.superseded || this.#stopping.signal.aborted) return;
    await held.serial.run(() => this.#take(held, batch));
  }

  crashed(error: Error): void {
    if (!this.#stopping.signal.aborted) this.#options.onCrash(error);
  }

  /** Once in a while: retries, and checkpoints that are due. */
  async tick(): Promise<void> {
    await this.#each(async (held) => {
      await held.partition.retry();
      await this.#saveIfDue(held);
    });
  }

  /** The log has acknowledged the outbox up to that entry. */
  confirm(outboxId: string, isAfter: (a: string, b: string) => boolean): void {
    for (const { partition } of this.#held.values()) partition.confirm(outboxId, isAfter);
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
    await this.#each(async (held) => {
      await this.#save(held);
      await held.partition.reload(rules);
    });
  }

  /** Why nothing can be read at the moment; null while it can. */
  get outage(): string | null {
    return this.#subscription?.outage() ?? null;
  }

  /** Asks the log how far there is to read: batches alone do not tell when none come. */
  async lookAtEnds(): Promise<void> {
    await Promise.all(
      [...this.#held.values()].map(async (held) => {
        const end = await this.#log.endOffset(this.#options.topic, held.partition.partition);
        held.endOffset = Math.max(held.endOffset, end);
      }),
    );
  }

  /** For the watchdog and for lag displays; to be asked regularly: it notices progress. */
  progress(): readonly Progress[] {
    const { queue, now } = this.#shared;
    return [...this.#held].map(([partition, held]) => {
      const { nextOffset } = held.partition.engine;
      const lag = Math.max(0, held.endOffset - nextOffset);
      if (lag === 0 || nextOffset !== held.seenOffset) held.progressedAt = now();
      held.seenOffset = nextOffset;
      const pausedFor = this.outage ?? (queue.isFull(partition) ? queue.outage : null);
      if (pausedFor !== null) held.progressedAt = now();
      return { partition, lag, progressedAt: held.progressedAt, pausedFor };
    });
  }

  get partitions(): readonly Partition[] {
    return [...this.#held.values()].map(({ partition }) => partition);
  }

  /** Size of the newest checkpoints together. */
  get stateBytes(): number {
    return [...this.#held.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Partitions go on side by side; none waits for another. */
  async #each(work: (held: Held) => Promise<void>): Promise<void> {
    await Promise.all([...this.#held.values()].map((held) => held.serial.run(() => work(held))));
  }

  async #take(held: Held, batch: LogBatch): Promise<void> {
    const { partition } = held;
    held.endOffset = Math.max(held.endOffset, batch.endOffset);
    if (batch.gap !== undefined) this.#reportGap(batch.partition, batch.gap);
    if (!batch.logAppendTime) this.#reportProducerTime(held);
    await partition.take(batch);
    if (!batch.isStale()) await this.#saveIfDue(held);
  }

  #reportGap(partition: number, { from, to }: { readonly from: number; readonly to: number }): void {
    this.#shared.metrics.gaps.inc(to - from);
    const text = `offsets ${from} to ${to - 1} were dropped by the log before they could be read`;
    this.#options.onNotice(partition, { kind: 'loss', text });
  }

  #reportProducerTime(held: Held): void {
    if (held.producerTime) return;
    held.producerTime = true;
    const text = `${this.#options.topic} keeps producers' times, expected LogAppendTime: replays may differ`;
    this.#options.onNotice(held.partition.partition, { kind: 'producer_time', text });
  }

  async #saveIfDue(held: Held): Promise<void> {
    if (this.#shared.now() - held.savedAt >= this.#options.checkpointEveryMs) await this.#save(held);
  }

  /** A checkpoint store or a group that is away is said, and tried again: reading goes on meanwhile. */
  async #save(held: Held): Promise<void> {
    held.savedAt = this.#shared.now();
    try {
      await this.#checkpoint(held);
      this.#options.onWaiting('checkpoints', null);
    } catch (error) {
      this.#options.onWaiting('checkpoints', messageOf(error));
    }
  }

  async #checkpoint(held: Held): Promise<void> {
    const { partition, slot } = held;
    const { nextOffset } = partition.engine;
    if (held.superseded) return;
    if (held.savedOffset !== nextOffset) {
      const parts = encodeCheckpoint(partition.head(), [...encodeSnapshot(partition.engine.snapshot())]);
      if (!(await slot.save(nextOffset, parts))) return this.#giveUp(held);
      held.savedOffset = nextOffset;
      held.bytes = parts.reduce((sum, part) => sum + part.length, 0);
    }
    if (held.committed === nextOffset || this.#subscription === null) return;
    await this.#subscription.commit(partition.partition, nextOffset);
    held.committed = nextOffset;
  }

  #giveUp(held: Held): void {
    held.superseded = true;
    held.partition.leave();
    const text = 'another instance has taken this partition over';
    this.#options.onNotice(held.partition.partition, { kind: 'information', text });
  }

  /** Restores a partition, however long its checkpoint or the log is away. */
  async #takeOver(partition: number): Promise<void> {
    const { onWaiting } = this.#options;
    const report = (why: string | null) => onWaiting(`partition ${partition}`, why);
    const held = await retrying(() => this.#restore(partition), this.#stopping.signal, report);
    this.#held.set(partition, held);
    await held.serial.run(async () => {
      for (const fence of this.#shared.mirror.fences()) await held.partition.fence(fence);
    });
  }

  async #restore(partition: number): Promise<Held> {
    const { topic, onNotice } = this.#options;
    const slot = await CheckpointSlot.take(this.#checkpoints, this.#shared.log, partition);
    const now = this.#shared.now();
    const start = await findStart(this.#log, topic, partition, await slot.load(), this.#rules.set.longestWindowMs, now);
    if (start.from === 'log') onNotice(partition, { kind: start.lost ? 'loss' : 'information', text: start.notice });
    const { parts, alerts } = this.#parts(partition, start);
    const restored = new Partition(parts, this.#shared);
    if (start.from === 'checkpoint') {
      restored.resume(start.head);
      for (const written of start.head.outgoing) this.#shared.queue.push(readOutgoing(written, partition));
    }
    // Other rules than the checkpoint's end the alerts of those that are gone.
    await restored.handle(alerts);
    const at = this.#shared.now();
    return {
      partition: restored,
      slot,
      serial: new Serial(),
      endOffset: 0,
      seenOffset: -1,
      progressedAt: at,
      savedAt: at,
      // A start without a checkpoint is worth one at once: where it began, what it is quiet until, the key of its hashes.
      savedOffset: start.from === 'checkpoint' ? start.offset : -1,
      committed: -1,
      bytes: 0,
      superseded: false,
      producerTime: false,
    };
  }

  #parts(partition: number, start: Start): { readonly parts: PartitionParts; readonly alerts: readonly Alert[] } {
    const { topic, format, tools, sessionEndsAfterMs, responder } = this.#options;
    const rules = this.#rules;
    const symbols =
      start.from === 'checkpoint'
        ? SymbolTables.restore(symbolsOf(start.snapshot))
        : new SymbolTables(this.#options.hashKey());
    const options = { log: { topic, partition }, rules, symbols, sessionEndsAfterMs };
    const { engine, alerts } =
      start.from === 'checkpoint'
        ? Engine.restore(options, start.snapshot)
        : { engine: startAt(new Engine(options), start.offset), alerts: [] };
    const parts = {
      partition,
      engine,
      symbols,
      decoder: createDecoder({ symbols, plan: rules.plan, tools, format }),
      responder: new Responder(responder, start.from === 'checkpoint' ? start.head.responder : undefined),
      rules,
      quietUntil: start.from === 'log' ? start.quietUntil : start.head.quietUntil,
    };
    return { parts, alerts: [...alerts] };
  }
}

function startAt(engine: Engine, offset: number): Engine {
  engine.startAt(offset);
  return engine;
}
