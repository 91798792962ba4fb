import { failedRecord } from '../audit/decision-records.ts';
import { stepRecord } from '../audit/step-record.ts';
import type { AuditFacts } from '../domain/audit-record.ts';
import type { Decision, DecisionOutcome } from '../domain/decision.ts';
import { isRetryable, messageOf } from '../domain/errors.ts';
import { causeTime } from '../domain/ids.ts';
import type { RuleGroup } from '../domain/rule.ts';
import type { Step } from '../domain/step.ts';
import { type Course, outcomeCourse } from '../responder/course.ts';
import type { Moment, Responder } from '../responder/responder.ts';
import type { Shared } from './shared.ts';

export interface ExecutorParts {
  readonly responder: Responder;
  readonly shared: Pick<Shared, 'log' | 'actuator' | 'metrics' | 'now'>;
  readonly moment: () => Moment;
  /** Decisions wait for the end of a replay. */
  readonly isQuiet: () => boolean;
  readonly groupOf: (name: string) => RuleGroup | undefined;
  readonly record: (facts: AuditFacts) => void;
}

const RETRY_UNAVAILABLE_MS = 500;

/** Carries out what one partition decides: at the kill store at once, and on record. What cannot be done now stays waiting. */
export class Executor {
  readonly #parts: ExecutorParts;
  /** Outbox entry → decision that it made true and that Kafka has not acknowledged. */
  readonly #unconfirmed = new Map<string, Decision>();
  /** To be carried out whatever became of their episode: of the last run and perhaps not in Kafka, or decided during an outage. */
  #again: Decision[];
  #outage: string | null = null;
  #retryAt = 0;
  /** Decisions whose failure was told. */
  readonly #told = new Set<string>();

  /** `again`: what a checkpoint had not known to be in Kafka. */
  constructor(parts: ExecutorParts, again: readonly Decision[]) {
    this.#parts = parts;
    this.#again = [...again];
  }

  /** Why decisions wait for the kill store; null while they do not. */
  get outage(): string | null {
    return this.#outage;
  }

  get unconfirmed(): readonly Decision[] {
    return [...this.#again, ...this.#unconfirmed.values()];
  }

  /** The log has acknowledged the outbox up to this entry. */
  confirm(outboxId: string, isAfter: (a: string, b: string) => boolean): void {
    for (const id of this.#unconfirmed.keys()) if (!isAfter(id, outboxId)) this.#unconfirmed.delete(id);
  }

  /** The kill store may have forgotten what it had not told Kafka: decide it again, under the same ids. */
  doubt(): void {
    this.#again.push(...this.#unconfirmed.values());
    this.#unconfirmed.clear();
  }

  /** True while nothing is to be tried: the store was away a moment ago. */
  isWaiting(wall: number): boolean {
    return wall < this.#retryAt;
  }

  async follow(course: Course): Promise<void> {
    let answer: DecisionOutcome | null = null;
    for (;;) {
      const next = course.next(answer);
      if (next.done) return;
      answer = await this.#carryOut(next.value);
    }
  }

  async attemptAgain(): Promise<void> {
    const { responder, moment } = this.#parts;
    for (const decision of this.#again.splice(0)) {
      const outcome = await this.#attempt(decision);
      if (outcome === null) this.#again.push(decision);
      else await this.follow(outcomeCourse(responder, decision, outcome, moment));
    }
  }

  /** Records a step and carries it out. @returns the outcome of an attempt, null while the kill store is not there */
  async #carryOut(step: Step): Promise<DecisionOutcome | null> {
    const { shared, record } = this.#parts;
    const facts = stepRecord(step, shared.log);
    if (facts !== null) record(facts);
    if (step.type === 'attempt') return this.#attempt(step.decision);
    if (step.type === 'unreached') this.#again.push(step.decision);
    if (step.type === 'suppressed')
      shared.metrics.actions.inc({ action: step.suppression.decision.action, outcome: 'suppressed' });
    if (step.type === 'alert' && step.alert.state === 'firing') {
      const { name, severity } = step.alert.rule;
      shared.metrics.alerts.inc({ rule: name, severity });
    }
    return null;
  }

  /** @returns null when it has to wait: for the end of a quiet replay, or because the kill store was not there. */
  async #attempt(decision: Decision): Promise<DecisionOutcome | null> {
    const { responder, isQuiet, groupOf } = this.#parts;
    const { metrics, actuator, now } = this.#parts.shared;
    if (isQuiet() || now() < this.#retryAt) {
      responder.postpone(decision, Math.max(now(), this.#retryAt));
      return null;
    }
    try {
      const { outcome, outboxId } = await actuator.act(decision, groupOf(decision.alert.rule.group));
      this.#outage = null;
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
    const { responder, shared, record } = this.#parts;
    const message = messageOf(error);
    const retryAt = shared.now() + RETRY_UNAVAILABLE_MS;
    this.#outage = message;
    responder.postpone(decision, retryAt);
    shared.metrics.actions.inc({ action: decision.action, outcome: 'failed' });
    if (isRetryable(error)) this.#retryAt = retryAt;
    else if (!this.#told.has(decision.id)) {
      this.#told.add(decision.id);
      record(failedRecord(decision, 'store', message));
    }
  }

  #observeLatency(decision: Decision, appliedAt: number): void {
    const seconds = (appliedAt - causeTime(decision.alert.cause)) / 1_000;
    this.#parts.shared.metrics.detectionLatency.observe(Math.max(0, seconds));
  }
}
