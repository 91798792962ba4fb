import type { Alert } from '../domain/alert.ts';
import type { AuditFacts } from '../domain/audit-record.ts';
import type { Decision } from '../domain/decision.ts';
import type { Decoder } from '../domain/event/decode.ts';
import type { SymbolTables } from '../domain/event/symbol-tables.ts';
import type { CompiledRuleSet } from '../domain/rule.ts';
import type { Engine } from '../engine/index.ts';
import type { LogBatch, LogRecord } from '../ports/event-log.ts';
import { alertCourse, dueCourse, ripeCourse } from '../responder/course.ts';
import type { Moment, Responder } from '../responder/responder.ts';
import { CallWatch } from './call-watch.ts';
import type { CheckpointHead } from './checkpoint.ts';
import { writeOutgoing } from './checkpoint.ts';
import { deadLetter } from './dead-letter.ts';
import { Executor } from './executor.ts';
import type { Fence } from './kill-mirror.ts';
import type { Shared } from './shared.ts';

export interface PartitionParts {
  readonly partition: number;
  readonly engine: Engine;
  readonly symbols: SymbolTables;
  readonly decoder: Decoder;
  readonly responder: Responder;
  readonly rules: CompiledRuleSet;
  /** Decisions wait until this offset is reached: a replay without a checkpoint acts only on what is fresh or still holds. */
  readonly quietUntil: number;
}

/** How soon a partition that waits for room notices that it is to leave, ms. */
const ROOM_LOOK_MS = 500;
/** How much later than a drained partition's end was asked for a record appended before may still come, ms. */
const DRAIN_MS = 2_000;
/** Records after which it is asked whether the batch still counts. */
const LOOK_RECORDS = 64;

/** What the engine had counted when the metrics were fed last. */
interface Counted {
  readonly late: number;
  readonly repeated: number;
  readonly overflow: number;
}

/**
 * One partition's way from records to kills: decode → engine → responder → kill switch → audit. Records are taken in
 * order, decisions are carried out as they come; the loop waits for nothing else.
 */
export class Partition {
  readonly partition: number;
  readonly engine: Engine;
  readonly #parts: PartitionParts;
  readonly #shared: Shared;
  #executor: Executor;
  #calls: CallWatch;
  #rules: CompiledRuleSet;
  /** The last record; -1 where it tells no log from another. */
  #lastOffset = -1;
  /** The greatest append time up to it. */
  #lastAppendedAt = 0;
  #isLeaving = false;
  /** Events taken in since the start. */
  #processed = 0;
  #counted: Counted;

  constructor(parts: PartitionParts, shared: Shared) {
    this.partition = parts.partition;
    this.engine = parts.engine;
    this.#parts = parts;
    this.#rules = parts.rules;
    this.#shared = shared;
    this.#executor = this.#createExecutor([]);
    this.#calls = this.#callWatch([]);
    this.#counted = this.#counts();
  }

  /** Goes on where a checkpoint left off. */
  resume({ last, unconfirmed, leaks }: CheckpointHead): void {
    this.#lastOffset = last?.offset ?? -1;
    this.#lastAppendedAt = last?.appendedAt ?? 0;
    this.#executor = this.#createExecutor(unconfirmed);
    this.#calls = this.#callWatch(leaks);
  }

  #createExecutor(again: readonly Decision[]): Executor {
    const parts = {
      responder: this.#parts.responder,
      shared: this.#shared,
      moment: this.#moment,
      isQuiet: () => this.#quiet,
      groupOf: (name: string) => this.#rules.set.groups.find((group) => group.name === name),
      record: this.#record,
    };
    return new Executor(parts, again);
  }

  #callWatch(leaks: CheckpointHead['leaks']): CallWatch {
    const { partition, symbols } = this.#parts;
    return new CallWatch({ ...this.#shared, partition, symbols, record: this.#record }, leaks);
  }

  /** Ends the batch in hand after the record in hand: what is left of it is read again by whoever comes next. */
  leave(): void {
    this.#isLeaving = true;
  }

  /** Why decisions wait for the kill store; null while they do not. */
  get storeOutage(): string | null {
    return this.#executor.outage;
  }

  get unconfirmed(): readonly Decision[] {
    return this.#executor.unconfirmed;
  }

  async take(batch: LogBatch): Promise<void> {
    await this.#takeRecords(batch);
    if (this.#isOver(batch)) return;
    // Behind the last record there may be offsets that hold none (control records, gaps): nothing is to be read there.
    if (batch.nextOffset > this.engine.nextOffset) this.engine.startAt(batch.nextOffset);
    await this.#followClock(batch);
    await this.retry();
    for (const facts of this.#calls.takeLeaks(this.engine.horizon)) this.#record(facts);
  }

  async #takeRecords(batch: LogBatch): Promise<void> {
    const { engine } = this;
    const { responder } = this.#parts;
    const { queue, metrics } = this.#shared;
    const before = this.#processed;
    let sinceLook = 0;
    for (const record of batch.records) {
      if (this.#isLeaving || (sinceLook++ % LOOK_RECORDS === 0 && batch.isStale())) break;
      if (record.offset < engine.nextOffset) continue;
      this.#remember(record, batch);
      const alerts = this.#step(record);
      if (alerts.length === 0 && responder.ripeAt > engine.horizon && !queue.isFull(this.partition)) continue;
      await this.handle(alerts);
      while (queue.isFull(this.partition) && !this.#isOver(batch)) await this.#waitForRoom(batch);
      sinceLook = 0;
    }
    metrics.eventsProcessed.inc(this.#processed - before);
  }

  #isOver(batch: LogBatch): boolean {
    return this.#isLeaving || batch.isStale();
  }

  /** Producers' times say nothing about the log; only the broker's tell one log from another. */
  #remember({ offset, appendedAt }: LogRecord, { logAppendTime }: LogBatch): void {
    if (!logAppendTime) {
      this.#lastOffset = -1;
      this.#lastAppendedAt = 0;
      return;
    }
    this.#lastOffset = offset;
    if (appendedAt > this.#lastAppendedAt) this.#lastAppendedAt = appendedAt;
  }

  /** Tries again what waits, and forgets what is over. */
  async retry(): Promise<void> {
    if (this.#quiet) return;
    const now = this.#moment();
    if (this.#executor.isWaiting(now.wall)) return;
    const { responder } = this.#parts;
    await this.#executor.attemptAgain();
    const due = responder.due(now, (rule, key) => this.engine.holding(rule, key));
    await this.#executor.follow(dueCourse(responder, due, now.horizon, this.#moment));
    responder.forget(now.horizon, this.#shared.longestCooldownMs());
  }

  async fence({ scope, at }: Fence): Promise<void> {
    const alerts = this.engine.fence(scope, at);
    if (alerts.length > 0) await this.handle(alerts);
    this.#parts.responder.lift(scope, at);
  }

  async reload(rules: CompiledRuleSet): Promise<void> {
    this.#rules = rules;
    this.#parts.decoder.setPlan(rules.plan);
    const alerts = this.engine.reload(rules);
    if (alerts.length > 0) await this.handle(alerts);
  }

  /** The log has acknowledged the outbox up to this entry. */
  confirm(outboxId: string, isAfter: (a: string, b: string) => boolean): void {
    this.#executor.confirm(outboxId, isAfter);
  }

  head(): CheckpointHead {
    return {
      version: 1,
      last: this.#lastOffset < 0 ? null : { offset: this.#lastOffset, appendedAt: this.#lastAppendedAt },
      responder: this.#parts.responder.snapshot(),
      unconfirmed: this.unconfirmed,
      outgoing: this.#shared.queue.pendingOf(this.partition).map(writeOutgoing),
      leaks: this.#calls.openLeaks(),
      quietUntil: this.#parts.quietUntil,
    };
  }

  /** The kill store may have forgotten what it had not told Kafka: decide it again, under the same ids. */
  doubt(): void {
    this.#executor.doubt();
  }

  /** Adds to the metrics what the engine has counted since the last call. */
  count(): void {
    const { metrics } = this.#shared;
    const before = this.#counted;
    this.#counted = this.#counts();
    metrics.eventsLate.inc(this.#counted.late - before.late);
    metrics.eventsRepeated.inc(this.#counted.repeated - before.repeated);
    metrics.overflow.inc(this.#counted.overflow - before.overflow);
  }

  #counts(): Counted {
    const { late, repeated, overflow } = this.engine.stats;
    return { late, repeated, overflow: overflow + this.#parts.symbols.overflowed };
  }

  #step(record: LogRecord): readonly Alert[] {
    const { decoder } = this.#parts;
    if (record.damage !== undefined) return this.#reject(record, 'damaged', record.damage);
    const { value } = record;
    if (value === null) return this.#reject(record, 'tombstone', 'the record has no value, expected an event');
    const rejection = decoder.decode(value, record.headers);
    if (rejection !== null) return this.#reject(record, rejection.reason, rejection.detail);
    this.#processed++;
    this.#calls.watch(record, decoder.view);
    return this.engine.step(record.offset, record.appendedAt, decoder.view);
  }

  #reject(record: LogRecord, reason: string, detail: string): readonly Alert[] {
    this.#shared.metrics.eventsRejected.inc({ reason });
    this.#shared.queue.push({
      topic: this.#shared.deadLetterTopic,
      owner: this.partition,
      message: deadLetter(record, reason, detail),
    });
    return this.engine.skip(record.offset, record.appendedAt);
  }

  /** A drained partition follows the wall clock, as far as nothing older can still come. */
  async #followClock(batch: LogBatch): Promise<void> {
    if (this.engine.nextOffset < batch.endOffset) return;
    await this.handle(this.engine.advance(batch.askedAt - DRAIN_MS));
  }

  /** Records alerts and acts on them, and on what waited for the horizon that the engine has reached. */
  async handle(alerts: readonly Alert[]): Promise<void> {
    const { responder } = this.#parts;
    const { horizon } = this.engine;
    // The engine reuses its array; the next step may come while we wait for the kill store.
    await this.#executor.follow(alertCourse(responder, [...alerts], this.#moment));
    await this.#executor.follow(ripeCourse(responder, horizon, this.#moment));
  }

  async #waitForRoom(batch: LogBatch): Promise<void> {
    await this.#shared.queue.room(this.partition, ROOM_LOOK_MS);
    await batch.heartbeat().catch(() => {});
  }

  readonly #record = (facts: AuditFacts): void => this.#shared.trail.write(facts, this.partition);

  readonly #moment = (): Moment => ({ horizon: this.engine.horizon, wall: this.#shared.now() });

  get #quiet(): boolean {
    return this.engine.nextOffset < this.#parts.quietUntil;
  }
}
