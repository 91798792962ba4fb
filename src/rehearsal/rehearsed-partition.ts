import { wouldBeRecord } from '../audit/decision-records.ts';
import { stepRecord } from '../audit/step-record.ts';
import type { AuditFacts } from '../domain/audit-record.ts';
import type { DecisionOutcome } from '../domain/decision.ts';
import { createDecoder, type Decoder } from '../domain/event/decode.ts';
import { SymbolTables } from '../domain/event/symbol-tables.ts';
import type { CompiledRuleSet } from '../domain/rule.ts';
import type { Step } from '../domain/step.ts';
import type { ToolLists } from '../domain/tool-kind.ts';
import { Engine } from '../engine/index.ts';
import { alertCourse, type Course, dueCourse, ripeCourse } from '../responder/course.ts';
import { type Moment, Responder } from '../responder/responder.ts';
import type { ResponderSettings } from '../responder/settings.ts';
import { appliedOutcome } from './applied.ts';

/** How the daemon whose past is rehearsed judges events: the same settings give the same alerts and decisions. */
export interface RehearsalSettings {
  /** Events topic: evidence names it. */
  readonly topic: string;
  readonly format: 'json' | 'cloudevents';
  readonly tools: ToolLists;
  readonly sessionEndsAfterMs: number;
  /** `log` is part of decision ids: with the live log's identity they are the live ones. */
  readonly responder: ResponderSettings;
}

/** Told of every step in order. `record` makes what it leaves in the audit; null where it leaves nothing. */
export type Listener = (step: Step, record: () => AuditFacts | null) => void;

/** Fixed, so that the same events give the same bytes; the live key only has to be unguessable. */
const HASH_KEY = [0x5e47_1e57, 0x0b5e_55ed];

/** How often expired switches are looked at for a second decision, ms of the horizon. */
const RENEWAL_EVERY_MS = 1_000;

/**
 * One partition on its way through the live engine and responder. Time is the horizon, every decision is taken as applied:
 * no fences, no limits, no kill state.
 */
export class RehearsedPartition {
  readonly engine: Engine;
  readonly decoder: Decoder;
  readonly #symbols: SymbolTables;
  readonly #responder: Responder;
  readonly #log: string;
  readonly #listener: Listener;
  readonly #longestCooldownMs: number;
  #lookAt = 0;
  #forgetAt = 0;

  constructor(partition: number, rules: CompiledRuleSet, settings: RehearsalSettings, listener: Listener) {
    const { topic, format, tools, sessionEndsAfterMs, responder } = settings;
    const symbols = new SymbolTables(HASH_KEY);
    this.#symbols = symbols;
    this.engine = new Engine({ log: { topic, partition }, rules, symbols, sessionEndsAfterMs });
    this.decoder = createDecoder({ symbols, plan: rules.plan, tools, format });
    this.#responder = new Responder(responder);
    this.#log = responder.log;
    this.#listener = listener;
    this.#longestCooldownMs = Math.max(0, ...rules.set.rules.map(({ cooldownMs }) => cooldownMs));
  }

  /** Names of the tools that events had so far, where a rule asks for tools. */
  get tools(): readonly string[] {
    const { tools } = this.#symbols;
    return Array.from({ length: tools.bound }, (_, id) => tools.text(id)).filter((tool) => tool !== '');
  }

  /** Takes in the event that the decoder holds. */
  step(offset: number, appendedAt: number): void {
    const alerts = this.engine.step(offset, appendedAt, this.decoder.view);
    const { horizon } = this.engine;
    if (alerts.length > 0 || horizon >= this.#lookAt || this.#responder.ripeAt <= horizon) this.#respond(alerts);
  }

  /** What is no event: only its place and time count. */
  skip(offset: number, appendedAt: number): void {
    this.#respond(this.engine.skip(offset, appendedAt));
  }

  /** Leaves the event that the decoder holds. */
  discard(): void {
    this.engine.discard(this.decoder.view);
  }

  advance(horizon: number): void {
    this.#respond(this.engine.advance(horizon));
  }

  #respond(alerts: ReturnType<Engine['step']>): void {
    const responder = this.#responder;
    const { horizon } = this.engine;
    this.#follow(alertCourse(responder, alerts, this.#now));
    this.#follow(ripeCourse(responder, horizon, this.#now));
    if (horizon < this.#lookAt) return;
    this.#lookAt = horizon + RENEWAL_EVERY_MS;
    const due = responder.due(this.#now(), (rule, key) => this.engine.holding(rule, key));
    this.#follow(dueCourse(responder, due, horizon, this.#now));
    this.#forget(horizon);
  }

  #follow(course: Course): void {
    let answer: DecisionOutcome | null = null;
    for (;;) {
      const next = course.next(answer);
      if (next.done) return;
      answer = this.#carryOut(next.value);
    }
  }

  #carryOut(step: Step): DecisionOutcome | null {
    this.#listener(step, () => this.#record(step));
    if (step.type !== 'attempt') return null;
    return step.decision.simulate ? { status: 'simulated' } : appliedOutcome(step.decision, step.at);
  }

  #record(step: Step): AuditFacts | null {
    if (step.type !== 'attempt') return stepRecord(step, this.#log);
    return step.decision.simulate ? null : wouldBeRecord(step.decision, step.at);
  }

  /** Now and then is enough: what is forgotten has no effect any more. */
  #forget(horizon: number): void {
    if (horizon < this.#forgetAt) return;
    this.#forgetAt = horizon + this.#longestCooldownMs;
    this.#responder.forget(horizon, this.#longestCooldownMs);
  }

  readonly #now = (): Moment => ({ horizon: this.engine.horizon, wall: this.engine.horizon });
}
