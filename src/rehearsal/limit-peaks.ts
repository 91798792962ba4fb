import type { Decision } from '../domain/decision.ts';
import type { LimitSpend } from '../domain/limit-spend.ts';
import type { RuleGroup } from '../domain/rule.ts';
import { scopeTenant, scopeText } from '../domain/scope.ts';
import { spendsOf } from '../responder/limits.ts';
import type { ResponderSettings } from '../responder/settings.ts';

/** The period in which the automation would have come nearest to one of its limits. */
export interface LimitPeak {
  /** `session_kills`, `timeouts`, `tenant_flips`, `share`, `group:<rule group>`. */
  readonly limit: string;
  /** Whose actions; null: of all tenants together. */
  readonly tenant: string | null;
  readonly actions: number;
  /** Beginning of the period, epoch ms: periods are aligned to the epoch. */
  readonly at: number;
  readonly perMs: number;
  /** What the limit allows; of `share` at least so many. */
  readonly max: number;
}

/** Counts what decisions would have spent. What is stopped already costs nothing, as live. */
export class LimitPeaks {
  readonly #groups: readonly RuleGroup[];
  readonly #settings: ResponderSettings;
  /** Scope → until when it is stopped, epoch ms. */
  readonly #stopped = new Map<string, number>();
  /** Limit, tenant and period → actions. */
  readonly #spent = new Map<string, number>();
  readonly #worst = new Map<string, LimitPeak>();

  constructor(groups: readonly RuleGroup[], settings: ResponderSettings) {
    this.#groups = groups;
    this.#settings = settings;
  }

  /** One row per limit, the worst tenant and period of each. */
  get worst(): readonly LimitPeak[] {
    return [...this.#worst.values()];
  }

  /** `at`: horizon of the decision, epoch ms. */
  add(decision: Decision, at: number): void {
    const scope = scopeText(decision.scope);
    if ((this.#stopped.get(scope) ?? 0) > at) return;
    this.#stopped.set(scope, decision.ttlMs === null ? Number.POSITIVE_INFINITY : at + decision.ttlMs);
    const group = this.#groups.find(({ name }) => name === decision.alert.rule.group);
    for (const spend of spendsOf(decision, this.#settings, group)) this.#spend(spend, scopeTenant(decision.scope), at);
  }

  #spend(spend: LimitSpend, scopeTenant: string | null, at: number): void {
    const tenant = spend.concerns === 'tenant' ? (scopeTenant ?? '') : null;
    const limit = tenant === null ? spend.name : spend.name.slice(0, -(tenant.length + 1));
    const start = at - (at % spend.perMs);
    const period = `${spend.name}\n${start}`;
    const actions = (this.#spent.get(period) ?? 0) + 1;
    this.#spent.set(period, actions);
    if (actions <= (this.#worst.get(limit)?.actions ?? 0)) return;
    this.#worst.set(limit, { limit, tenant, actions, at: start, perMs: spend.perMs, max: spend.max });
  }
}
