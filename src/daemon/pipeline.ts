import type { Alert } from '../domain/alert.ts';
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
import { Serial } from './serial.ts';
import type { Progress } from './watchdog.ts';

export interface PipelineOptions {
  readonly topic: string;
  readonly format: 'json' | 'cloudevents';
  readonly tools: ToolLists;
  readonly sessionEndsAfterMs: number;
  readonly responder: ResponderSettings;
  readonly checkpointEveryMs: number;
  /** Two unguessable 32-bit words for a partition that starts without a checkpoint. */
  readonly hashKey: () => readonly number[];
  readonly onNotice: (partition: number, notice: string) => void;
  readonly onCrash: (error: Error) => void;
}

/** A partition that is ours, with everything around it. */
interface Held {
  readonly partition: Partition;
  readonly slot: CheckpointSlot;
  readonly serial: Serial;
  lag: number;
  progressedAt: number;
  savedAt: number;
  /** Next offset of the newest checkpoint. What timers did since then, they do again. */
  savedOffset: number;
  bytes: number;
  /** Another instance has taken over: nothing that is done here counts any more. */
  superseded: boolean;
}

/**
 * The one loop: batches in, checkpoints out, partition by partition. Every assignment restores from the checkpoints; work
 * of an older one is dropped.
 */
export class Pipeline implements LogConsumer {
  readonly #log: EventLog;
  readonly #checkpoints: CheckpointStore;
  readonly #shared: Shared;
  readonly #options: PipelineOptions;
  #rules: CompiledRuleSet;
  #held = new Map<number, Held>();
  #subscription: LogSubscription | null = null;

  constructor(
    ports: { readonly log: EventLog; readonly checkpoints: CheckpointStore },
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
    this.#subscription = await this.#log.consume(this);
  }

  /** Finishes the batch in hand, saves checkpoints, commits and leaves. */
  async stop(): Promise<void> {
    await this.#subscription?.stop();
    for (const held of this.#held.values()) await held.serial.run(() => this.#save(held));
  }

  async assigned(partitions: readonly number[]): Promise<ReadonlyMap<number, number>> {
    for (const partition of this.#held.keys()) this.#shared.queue.forget(partition);
    this.#held = new Map();
    const starts = new Map<number, number>();
    for (const partition of partitions) {
      const held = await this.#restore(partition);
      this.#held.set(partition, held);
      starts.set(partition, held.partition.engine.nextOffset);
    }
    return starts;
  }

  async batch(batch: LogBatch): Promise<void> {
    const held = this.#held.get(batch.partition);
    if (held === undefined || held.superseded) return;
    await held.serial.run(() => this.#take(held, batch));
  }

  crashed(error: Error): void {
    this.#options.onCrash(error);
  }

  /** Once in a while: retries, and checkpoints that are due. */
  async tick(): Promise<void> {
    for (const held of this.#held.values()) {
      await held.serial.run(async () => {
        await held.partition.retry();
        await this.#saveIfDue(held);
      });
    }
  }

  /** The log has acknowledged the outbox up to that entry. */
  confirm(outboxId: string, isAfter: (a: string, b: string) => boolean): void {
    for (const { partition } of this.#held.values()) partition.confirm(outboxId, isAfter);
  }

  async fence(fence: Fence): Promise<void> {
    for (const held of this.#held.values()) await held.serial.run(() => held.partition.fence(fence));
  }

  /** Checkpoints first, then swaps the rule set, partition by partition. */
  async reload(rules: CompiledRuleSet): Promise<void> {
    this.#rules = rules;
    for (const held of this.#held.values()) {
      await held.serial.run(async () => {
        await this.#save(held);
        await held.partition.reload(rules);
      });
    }
  }

  /** For the watchdog and for lag displays. */
  progress(): readonly Progress[] {
    return [...this.#held].map(([partition, { lag, progressedAt }]) => ({
      partition,
      lag,
      progressedAt,
      pausedFor: this.#subscription?.outage() ?? (this.#shared.queue.full ? this.#shared.queue.outage : null),
    }));
  }

  get partitions(): Iterable<Partition> {
    return [...this.#held.values()].map(({ partition }) => partition);
  }

  /** Size of the newest checkpoints together. */
  get stateBytes(): number {
    return [...this.#held.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  async #take(held: Held, batch: LogBatch): Promise<void> {
    if (batch.gap !== undefined) this.#reportGap(batch.partition, batch.gap);
    await held.partition.take(batch);
    if (batch.isStale()) return;
    held.lag = Math.max(0, batch.endOffset - held.partition.engine.nextOffset);
    held.progressedAt = this.#shared.now();
    await this.#saveIfDue(held);
  }

  #reportGap(partition: number, { from, to }: { readonly from: number; readonly to: number }): void {
    this.#shared.metrics.gaps.inc(to - from);
    this.#options.onNotice(partition, `offsets ${from} to ${to - 1} were dropped by the log before they could be read`);
  }

  async #saveIfDue(held: Held): Promise<void> {
    if (this.#shared.now() - held.savedAt >= this.#options.checkpointEveryMs) await this.#save(held);
  }

  async #save(held: Held): Promise<void> {
    const { partition, slot } = held;
    const { nextOffset } = partition.engine;
    if (held.superseded || held.savedOffset === nextOffset) return;
    const parts = encodeCheckpoint(partition.head(), [...encodeSnapshot(partition.engine.snapshot())]);
    held.savedAt = this.#shared.now();
    if (!(await slot.save(nextOffset, parts))) {
      held.superseded = true;
      this.#options.onNotice(partition.partition, 'another instance has taken this partition over');
      return;
    }
    held.savedOffset = nextOffset;
    held.bytes = parts.reduce((sum, part) => sum + part.length, 0);
    await this.#subscription?.commit(partition.partition, nextOffset);
  }

  async #restore(partition: number): Promise<Held> {
    const { topic, onNotice } = this.#options;
    const slot = await CheckpointSlot.take(this.#checkpoints, this.#shared.log, partition);
    const now = this.#shared.now();
    const start = await findStart(this.#log, topic, partition, await slot.load(), this.#rules.set.longestWindowMs, now);
    if (start.from === 'log') onNotice(partition, start.notice);
    const { parts, alerts } = this.#parts(partition, start);
    const restored = new Partition(parts, this.#shared);
    if (start.from === 'checkpoint') {
      restored.resume(start.head);
      for (const written of start.head.outgoing) this.#shared.queue.push(readOutgoing(written, partition));
    }
    // Other rules than the checkpoint's end the alerts of those that are gone.
    await restored.handle(alerts);
    for (const fence of this.#shared.mirror.fences()) await restored.fence(fence);
    const at = this.#shared.now();
    const rest = { lag: 0, progressedAt: at, savedAt: at, savedOffset: start.offset, bytes: 0, superseded: false };
    return { partition: restored, slot, serial: new Serial(), ...rest };
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
      quietUntil: start.from === 'log' ? start.quietUntil : 0,
    };
    return { parts, alerts: [...alerts] };
  }
}

function startAt(engine: Engine, offset: number): Engine {
  engine.startAt(offset);
  return engine;
}
