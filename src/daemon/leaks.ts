import { leakRecord } from '../audit/guard-records.ts';
import type { AuditFacts } from '../domain/audit-record.ts';
import type { CallKind } from '../domain/mode.ts';
import { type Scope, scopeTenant, scopeText } from '../domain/scope.ts';
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

export interface LeakParts {
  readonly mirror: KillMirror;
  readonly cacheTtlMs: number;
  readonly partition: number;
  readonly partitionedBy: 'tenant' | 'session';
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
  readonly #partition: number;
  readonly #partitionedBy: 'tenant' | 'session';
  readonly #open: Map<string, OpenLeak>;

  /** `open`: what a checkpoint had counted. */
  constructor(parts: LeakParts, open: Iterable<OpenLeak> = []) {
    this.#mirror = parts.mirror;
    this.#slackMs = parts.cacheTtlMs + GRACE_MS;
    this.#partition = parts.partition;
    this.#partitionedBy = parts.partitionedBy;
    this.#open = new Map([...open].map((leak) => [keyOf(leak), { ...leak }]));
  }

  /** What is counted and not written yet: plain data. */
  snapshot(): readonly OpenLeak[] {
    return [...this.#open.values()];
  }

  /** @returns true when the call leaked. */
  inspect(call: RanCall): boolean {
    const denying = this.#mirror.denying(call.tenant, call.session, call.tool, call.kind);
    if (denying === null) return false;
    const held = denying.state.at + this.#slackMs;
    if (call.ts <= held || call.appendedAt <= held) return false;
    const { tenant, session, tool, appendedAt } = call;
    const { scope, state } = denying;
    const minute = Math.floor(appendedAt / MINUTE_MS);
    const what = { tenant, session, tool, scope, decisionId: state.decision_id, appliedAt: state.at };
    const leak: OpenLeak = { ...what, minute, partition: this.#isLocal(scope) ? null : this.#partition, count: 1 };
    const known = this.#open.get(keyOf(leak));
    if (known !== undefined) known.count += 1;
    else this.#open.set(keyOf(leak), leak);
    return true;
  }

  /** Whether all calls of a scope come in one partition. */
  #isLocal(scope: Scope): boolean {
    return scope.kind === 'session' || (this.#partitionedBy === 'tenant' && scopeTenant(scope) !== null);
  }

  /** Records of the minutes that the horizon has left; of all when `horizon` is infinite. */
  take(horizon: number): readonly AuditFacts[] {
    const over: AuditFacts[] = [];
    for (const [key, leak] of this.#open) {
      if ((leak.minute + 1) * MINUTE_MS > horizon) continue;
      this.#open.delete(key);
      over.push(leakRecord(leak));
    }
    return over;
  }
}

/** Calls of one scope and minute, still being counted. */
export type OpenLeak = Parameters<typeof leakRecord>[0] & { count: number };

function keyOf({ minute, scope, decisionId }: OpenLeak): string {
  return `${minute} ${decisionId} ${scopeText(scope)}`;
}
