import { leakRecord } from '../audit/guard-records.ts';
import type { AuditFacts } from '../domain/audit-record.ts';
import type { CallKind } from '../domain/mode.ts';
import { scopeText } from '../domain/scope.ts';
import type { KillMirror } from './kill-mirror.ts';

/** A call that ran: it was not reported as blocked. */
export interface RanCall {
  readonly tenant: string;
  readonly session: string;
  readonly tool: string | null;
  readonly kind: CallKind;
  readonly ts: number;
  readonly appendedAt: number;
}

const MINUTE_MS = 60_000;
/** What a guard may take beyond its cache's time before a call counts as leaked, ms. */
const GRACE_MS = 2_000;

/**
 * Finds calls that ran after their kill should have held, and counts them per scope and minute of append time: one record
 * each, written when the horizon has left the minute.
 */
export class LeakFinder {
  readonly #mirror: KillMirror;
  readonly #slackMs: number;
  readonly #open = new Map<string, { facts: Parameters<typeof leakRecord>[0] & { count: number } }>();
  #found = 0;

  constructor(mirror: KillMirror, cacheTtlMs: number) {
    this.#mirror = mirror;
    this.#slackMs = cacheTtlMs + GRACE_MS;
  }

  get found(): number {
    return this.#found;
  }

  /** @returns true when the call leaked. */
  inspect(call: RanCall): boolean {
    const denying = this.#mirror.denying(call.tenant, call.session, call.tool, call.kind);
    if (denying === null) return false;
    const held = denying.state.at + this.#slackMs;
    if (call.ts <= held || call.appendedAt <= held) return false;
    this.#found += 1;
    const minute = Math.floor(call.appendedAt / MINUTE_MS);
    const key = `${minute} ${scopeText(denying.scope)}`;
    const known = this.#open.get(key);
    if (known !== undefined) known.facts.count += 1;
    else this.#open.set(key, { facts: { ...call, ...denying, ...identity(denying.state), minute, count: 1 } });
    return true;
  }

  /** Records of the minutes that the horizon has left; of all when `horizon` is infinite. */
  take(horizon: number): readonly AuditFacts[] {
    const over: AuditFacts[] = [];
    for (const [key, { facts }] of this.#open) {
      if ((facts.minute + 1) * MINUTE_MS > horizon) continue;
      this.#open.delete(key);
      over.push(leakRecord(facts));
    }
    return over;
  }
}

function identity(state: { readonly decision_id: string; readonly at: number }): {
  decisionId: string;
  appliedAt: number;
} {
  return { decisionId: state.decision_id, appliedAt: state.at };
}
