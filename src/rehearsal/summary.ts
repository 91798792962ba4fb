import { episodeText, type FiringAlert } from '../domain/alert.ts';
import type { Decision } from '../domain/decision.ts';
import type { RuleSet, Severity } from '../domain/rule.ts';
import type { Step } from '../domain/step.ts';
import type { ResponderSettings } from '../responder/settings.ts';
import { type LimitPeak, LimitPeaks } from './limit-peaks.ts';

/** What one rule would have done. */
export interface RuleSummary {
  readonly rule: string;
  readonly severity: Severity;
  readonly alerts: number;
  /** Different keys that it fired for. */
  readonly keys: number;
  /** Every decision is taken as applied. */
  readonly actions: number;
  readonly simulated: number;
  /** Decisions held back by severity, an exception or a cooldown; some of them act later. */
  readonly suppressed: number;
  /** Epoch ms; null where it never fired. */
  readonly firstAt: number | null;
}

/** A key that fired. */
export interface KeySummary {
  readonly rule: string;
  readonly key: string;
  readonly alerts: number;
  readonly actions: number;
  readonly firstAt: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Counts what would have fired, on whom, and how many actions. */
export class Summary {
  readonly #rules = new Map<string, Mutable<RuleSummary>>();
  readonly #keys = new Map<string, Mutable<KeySummary>>();
  readonly #peaks: LimitPeaks;

  constructor(rules: RuleSet, settings: ResponderSettings) {
    for (const { name, severity } of rules.rules) this.#rules.set(name, nothing(name, severity));
    this.#peaks = new LimitPeaks(rules.groups, settings);
  }

  add(step: Step): void {
    if (step.type === 'alert' && step.alert.state === 'firing') this.#fire(step.alert);
    if (step.type === 'attempt' && !step.decision.simulate) this.#act(step.decision, step.at);
    if (step.type === 'simulated') this.#rule(step.decision.alert).simulated++;
    if (step.type === 'suppressed') this.#rule(step.suppression.decision.alert).suppressed++;
  }

  /** Of every rule, in the order of the rule set. */
  get rules(): readonly RuleSummary[] {
    return [...this.#rules.values()];
  }

  /** The keys with the most actions, then alerts, then first come. */
  topKeys(count: number): readonly KeySummary[] {
    return [...this.#keys.values()]
      .sort((a, b) => b.actions - a.actions || b.alerts - a.alerts || a.firstAt - b.firstAt)
      .slice(0, count);
  }

  /** How near the automation would have come to its limits. */
  get peaks(): readonly LimitPeak[] {
    return this.#peaks.worst;
  }

  #fire(alert: FiringAlert): void {
    const { at, keyText } = alert;
    const rule = this.#rule(alert);
    const name = episodeText(alert);
    const key = this.#keys.get(name) ?? { rule: rule.rule, key: keyText, alerts: 0, actions: 0, firstAt: at };
    if (key.alerts === 0) rule.keys++;
    this.#keys.set(name, key);
    key.alerts++;
    rule.alerts++;
    rule.firstAt = Math.min(rule.firstAt ?? at, at);
    key.firstAt = Math.min(key.firstAt, at);
  }

  #act(decision: Decision, at: number): void {
    this.#rule(decision.alert).actions++;
    const key = this.#keys.get(episodeText(decision.alert));
    if (key !== undefined) key.actions++;
    this.#peaks.add(decision, at);
  }

  #rule({ rule }: Pick<FiringAlert, 'rule'>): Mutable<RuleSummary> {
    const found = this.#rules.get(rule.name) ?? nothing(rule.name, rule.severity);
    this.#rules.set(rule.name, found);
    return found;
  }
}

function nothing(rule: string, severity: Severity): Mutable<RuleSummary> {
  return { rule, severity, alerts: 0, keys: 0, actions: 0, simulated: 0, suppressed: 0, firstAt: null };
}
