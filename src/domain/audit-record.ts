import type { Evidence } from './evidence.ts';
import type { Actor } from './kill-state.ts';
import type { Severity } from './rule.ts';

/** Every type of record in the audit topic (contract 7). */
export const AUDIT_TYPES = [
  'alert.firing',
  'alert.resolved',
  'session.terminated',
  'session.restored',
  'session.renewed',
  'switch.tripped',
  'switch.cleared',
  'switch.reasserted',
  'tool.disabled',
  'tool.enabled',
  'call.blocked',
  'enforcement.leaked',
  'decision.simulated',
  'decision.suppressed',
  'decision.failed',
  'limit.reached',
  'approval.requested',
  'approval.granted',
  'silence.added',
  'silence.expired',
  'rules.loaded',
  'rules.rejected',
  'drill.completed',
  'sentinel.started',
  'sentinel.degraded',
] as const;
export type AuditType = (typeof AUDIT_TYPES)[number];

/** A record before its writer chained it; absent is null, never missing, so that the form is flat and fixed. */
export interface AuditFacts {
  readonly schema_version: 1;
  readonly id: string;
  readonly decision_id: string | null;
  /** RFC 3339 with ms. */
  readonly time: string;
  readonly type: AuditType;
  readonly severity: Severity;
  readonly tenant_id: string | null;
  readonly session_id: string | null;
  readonly tool: string | null;
  readonly actor: Actor;
  readonly action: string | null;
  readonly mode: string | null;
  readonly reason: string;
  readonly rule: { readonly name: string; readonly group: string; readonly hash: string } | null;
  readonly evidence: Evidence | null;
  readonly state: {
    readonly version: number;
    readonly before: string | null;
    readonly after: string;
    readonly expires_at: number | null;
  } | null;
  readonly timing: {
    readonly event_ts: number | null;
    readonly appended_at: number | null;
    readonly decided_at: number | null;
    readonly applied_at: number | null;
  } | null;
  /** Of aggregated records: blocked calls, leaks, the closing count of a suppression. */
  readonly count: number | null;
}

export interface ChainLink {
  readonly writer: string;
  readonly seq: number;
  /** Hash of the writer's record before; of the predecessor's last for a writer's first; null at the very start. */
  readonly prev: string | null;
  readonly hash: string;
}

/** A record as it stands in the topic. A backtest writes {@link AuditFacts} without a chain. */
export type AuditRecord = AuditFacts & { readonly chain: ChainLink };
