import { failedRecord } from '../audit/decision-records.ts';
import { stepRecord } from '../audit/step-record.ts';
import type { Alert } from '../domain/alert.ts';
import type { AuditFacts } from '../domain/audit-record.ts';
import type { Decision, DecisionOutcome } from '../domain/decision.ts';
import { isRetryable, messageOf } from '../domain/errors.ts';
import type { Decoder } from '../domain/event/decode.ts';
import type { SymbolTables } from '../domain/event/symbol-tables.ts';
import { causeTime } from '../domain/ids.ts';
import type { CompiledRuleSet } from '../domain/rule.ts';
import type { Step } from '../domain/step.ts';
import type { Engine } from '../engine/index.ts';
import type { LogBatch, LogRecord } from '../ports/event-log.ts';
import { alertCourse, type Course, dueCourse, outcomeCourse, ripeCourse } from '../responder/course.ts';
import type { Moment, Responder } from '../responder/responder.ts';
import type { Actuator } from './actuator.ts';
import { CallWatch } from './call-watch.ts';
import type { CheckpointHead } from './checkpoint.ts';
import { writeOutgoing } from './checkpoint.ts';
import { deadLetter } from './dead-letter.ts';
import type { Fence, KillMirror } from './kill-mirror.ts';
import type { Metrics } from './metrics.ts';
import type { OutgoingQueue } from './outgoing.ts';
import type { Trail } from './trail.ts';

/** What all partitions of a daemon share. */
export interface Shared {
  readonly log: string;
  readonly deadLetterTopic: string;
  readonly cacheTtlMs: number;
  readonly partitionedBy: 'tenant' | 'session';
  readonly longestCooldownMs: () => number;
  readonly actuator: Actuator;
  readonly mirror: KillMirror;
  readonly trail: Trail;
  readonly queue: OutgoingQueue;
  readonly metrics: Metrics;
  /** Wall clock, epoch ms. */
  readonly now: () => number;
  /** Tells people about a session's blocked calls, so that its kill is renewed. */
  readonly onBlocked: (tenant: string, session: string) => void;
  readonly onLeak: () => void;
}

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

const RETRY_UNAVAILABLE_MS = 500;
/** How soon a partition that waits for room notices that it is to leave, ms. */
const ROOM_LOOK_MS = 500;

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
  #calls: CallWatch;
  /** Outbox entry → decision that it made true and that Kafka has not acknowledged. */
  readonly #unconfirmed = new Map<string, Decision>();
  /** To be carried out whatever became of their episode: of the last run and perhaps not in Kafka, or decided during an outage. */
  #again: Decision[] = [];
  #rules: CompiledRuleSet;
  #last: CheckpointHead['last'] = null;
  #storeOutage: string | null = null;
  #retryAt = 0;
  /** Decisions whose failure was told. */
  readonly #told = new Set<string>();
  #isLeaving = false;
  #counted: Counted;

  constructor(parts: PartitionParts, shared: Shared) {
    this.partition = parts.partition;
    this.engine = parts.engine;
    this.#parts = parts;
    this.#rules = parts.rules;
    this.#shared = shared;
    this.#calls = this.#callWatch([]);
    this.#counted = this.#counts();
  }

  /** Goes on where a checkpoint left off. */
  resume(head: CheckpointHead): void {
    this.#last = head.last;
    this.#again = [...head.unconfirmed];
    this.#calls = this.#callWatch(head.leaks);
  }

  #callWatch(leaks: CheckpointHead['leaks']): CallWatch {
    const { partition, symbols } = this.#parts;
    return new CallWatch({ ...this.#shared, partition, symbols, record: (facts) => this.#record(facts) }, leaks);
  }

  /** Ends the batch in hand after the record in hand: what is left of it is read again by whoever comes next. */
  leave(): void {
    this.#isLeaving = true;
  }

  /** Why decisions wait for the kill store; null while they do not. */
  get storeOutage(): string | null {
    return this.#storeOutage;
  }

  get unconfirmed(): readonly Decision[] {
    return [...this.#again, ...this.#unconfirmed.values()];
  }

  async take(batch: LogBatch): Promise<void> {
    for (const record of batch.records) {
      if (this.#isOver(batch)) return;
      if (record.offset < this.engine.nextOffset) continue;
      this.#remember(record, batch);
      const alerts = this.#step(record);
      if (alerts.length > 0 || this.#parts.responder.ripeAt <= this.engine.horizon) await this.handle(alerts);
      while (this.#shared.queue.isFull(this.partition) && !this.#isOver(batch)) await this.#waitForRoom(batch);
    }
    if (this.#isOver(batch)) return;
    // Behind the last record there may be offsets that hold none (control records, gaps): nothing is to be read there.
    if (batch.nextOffset > this.engine.nextOffset) this.engine.startAt(batch.nextOffset);
    await this.#followClock(batch);
    await this.retry();
    for (const facts of this.#calls.takeLeaks(this.engine.horizon)) this.#record(facts);
  }

  #isOver(batch: LogBatch): boolean {
    return this.#isLeaving || batch.isStale();
  }

  /**
   * The last record and the greatest append time up to it. Producers' times say nothing about the log; only the broker's
   * tell one log from another.
   */
  #remember({ offset, appendedAt }: LogRecord, { logAppendTime }: LogBatch): void {
    const before = this.#last?.appendedAt ?? 0;
    this.#last = logAppendTime ? { offset, appendedAt: Math.max(before, appendedAt) } : null;
  }

  /** Tries again what waits, and forgets what is over. */
  async retry(): Promise<void> {
    if (this.#quiet) return;
    const now = this.#moment();
    if (now.wall < this.#retryAt) return;
    const { responder } = this.#parts;
    for (const decision of this.#again.splice(0)) await this.#attemptAgain(decision);
    const due = responder.due(now, (rule, key) => this.engine.holding(rule, key));
    await this.#follow(dueCourse(responder, due, now.horizon, this.#moment));
    responder.forget(now.horizon, this.#shared.longestCooldownMs());
  }

  async fence({ scope, at }: Fence): Promise<void> {
    const alerts = this.engine.fence(scope, at);
    if (alerts.length > 0) await this.handle(alerts);
  }

  async reload(rules: CompiledRuleSet): Promise<void> {
    this.#rules = rules;
    this.#parts.decoder.setPlan(rules.plan);
    const alerts = this.engine.reload(rules);
    if (alerts.length > 0) await this.handle(alerts);
  }

  /** The log has acknowledged the outbox up to this entry. */
  confirm(outboxId: string, isAfter: (a: string, b: string) => boolean): void {
    for (const id of this.#unconfirmed.keys()) if (!isAfter(id, outboxId)) this.#unconfirmed.delete(id);
  }

  head(): CheckpointHead {
    return {
      version: 1,
      last: this.#last,
      responder: this.#parts.responder.snapshot(),
      unconfirmed: this.unconfirmed,
      outgoing: this.#shared.queue.pendingOf(this.partition).map(writeOutgoing),
      leaks: this.#calls.openLeaks(),
      quietUntil: this.#parts.quietUntil,
    };
  }

  /** The kill store may have forgotten what it had not told Kafka: decide it again, under the same ids. */
  doubt(): void {
    this.#again.push(...this.#unconfirmed.values());
    this.#unconfirmed.clear();
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
    if (record.value === null) return this.#reject(record, 'tombstone', 'the record has no value, expected an event');
    const rejection = decoder.decode(record.value, record.headers);
    if (rejection !== null) return this.#reject(record, rejection.reason, rejection.detail);
    this.#shared.metrics.eventsProcessed.inc();
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
    await this.#follow(alertCourse(responder, [...alerts], this.#moment));
    await this.#follow(ripeCourse(responder, horizon, this.#moment));
  }

  async #follow(course: Course): Promise<void> {
    let answer: DecisionOutcome | null = null;
    for (;;) {
      const next = course.next(answer);
      if (next.done) return;
      answer = await this.#carryOut(next.value);
    }
  }

  /** Records a step and carries it out. @returns the outcome of an attempt, null while the kill store is not there */
  async #carryOut(step: Step): Promise<DecisionOutcome | null> {
    const { metrics } = this.#shared;
    const facts = stepRecord(step, this.#shared.log);
    if (facts !== null) this.#record(facts);
    if (step.type === 'attempt') return this.#attempt(step.decision);
    if (step.type === 'unreached') this.#again.push(step.decision);
    if (step.type === 'suppressed')
      metrics.actions.inc({ action: step.suppression.decision.action, outcome: 'suppressed' });
    if (step.type === 'alert' && step.alert.state === 'firing') {
      const { name, severity } = step.alert.rule;
      metrics.alerts.inc({ rule: name, severity });
    }
    return null;
  }

  async #attemptAgain(decision: Decision): Promise<void> {
    const outcome = await this.#attempt(decision);
    if (outcome === null) this.#again.push(decision);
    else await this.#follow(outcomeCourse(this.#parts.responder, decision, outcome, this.#moment));
  }

  /** @returns null when it has to wait: for the end of a quiet replay, or because the kill store was not there. */
  async #attempt(decision: Decision): Promise<DecisionOutcome | null> {
    const { metrics, actuator, now } = this.#shared;
    if (this.#quiet || now() < this.#retryAt) {
      this.#parts.responder.postpone(decision, Math.max(now(), this.#retryAt));
      return null;
    }
    const group = this.#rules.set.groups.find(({ name }) => name === decision.alert.rule.group);
    try {
      const { outcome, outboxId } = await actuator.act(decision, group);
      this.#storeOutage = null;
      this.#told.delete(decision.id);
      if (outboxId !== null) this.#unconfirmed.set(outboxId, decision);
      metrics.actions.inc({ action: decision.action, outcome: outcome.status });
      if (outcome.status === 'applied') this.#observeLatency(decision, outcome.appliedAt);
      return outcome;
    } catch (error) {
      this.#failed(decision, error);
      return null;
    }
  }

  /**
   * Nothing is lost: the decision stays waiting. While the store is away nothing else is tried either, so that a batch does
   * not wait for each of its decisions. What will not heal by itself is said in the audit, once.
   */
  #failed(decision: Decision, error: unknown): void {
    const { metrics, now } = this.#shared;
    const message = messageOf(error);
    const retryAt = now() + RETRY_UNAVAILABLE_MS;
    this.#storeOutage = message;
    this.#parts.responder.postpone(decision, retryAt);
    metrics.actions.inc({ action: decision.action, outcome: 'failed' });
    if (isRetryable(error)) this.#retryAt = retryAt;
    else if (!this.#told.has(decision.id)) {
      this.#told.add(decision.id);
      this.#record(failedRecord(decision, 'store', message));
    }
  }

  #observeLatency(decision: Decision, appliedAt: number): void {
    const seconds = (appliedAt - causeTime(decision.alert.cause)) / 1_000;
    this.#shared.metrics.detectionLatency.observe(Math.max(0, seconds));
  }

  #record(facts: AuditFacts): void {
    this.#shared.trail.write(facts, this.partition);
  }

  async #waitForRoom(batch: LogBatch): Promise<void> {
    await this.#shared.queue.room(this.partition, ROOM_LOOK_MS);
    await batch.heartbeat().catch(() => {});
  }

  readonly #moment = (): Moment => ({ horizon: this.engine.horizon, wall: this.#shared.now() });

  get #quiet(): boolean {
    return this.engine.nextOffset < this.#parts.quietUntil;
  }
}

/** How much later than a drained partition's end was asked for a record appended before may still come, ms. */
const DRAIN_MS = 2_000;
