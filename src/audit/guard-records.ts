import type { AuditFacts } from '../domain/audit-record.ts';
import { type Scope, scopeText } from '../domain/scope.ts';
import { auditFacts, scopeFields } from './facts.ts';

const MINUTE_MS = 60_000;

export interface BlockedCalls {
  readonly tenant: string;
  readonly session: string;
  readonly tool: string;
  readonly guard: string;
  readonly reason: string;
  readonly decisionId: string | null;
  /** Calls since the guard's last event about them. */
  readonly count: number;
  /** Epoch ms of the newest of them. */
  readonly at: number;
  /** What tells this event of the guard from its others. */
  readonly eventId: string;
}

/** Calls that a guard refused: one record per event of the guard, which counts them. */
export function blockedRecord(blocked: BlockedCalls): AuditFacts {
  const scope: Scope = { kind: 'session', tenant: blocked.tenant, session: blocked.session };
  const part = `${blocked.guard}:${Math.floor(blocked.at / MINUTE_MS)}`;
  return auditFacts({ type: 'call.blocked', scope: scopeText(scope), subject: blocked.eventId, part }, blocked.at, {
    ...scopeFields(scope),
    tool: blocked.tool,
    decision_id: blocked.decisionId,
    severity: 'info',
    actor: { kind: 'guard', id: blocked.guard },
    reason: blocked.reason,
    count: blocked.count,
  });
}

export interface Leak {
  /** The scope that should have stopped the call. */
  readonly scope: Scope;
  readonly tenant: string;
  readonly session: string;
  readonly tool: string | null;
  readonly decisionId: string;
  readonly minute: number;
  /** Who counted, where the scope's calls come in several partitions: each counts its own. null: nobody else counts. */
  readonly partition: number | null;
  readonly count: number;
  readonly appliedAt: number;
}

/** Calls that ran after their kill should have held. `minute`: epoch minutes of the append time. */
export function leakRecord(leak: Leak): AuditFacts {
  const subject = leak.decisionId;
  const part = leak.partition === null ? leak.minute : `${leak.minute}:${leak.partition}`;
  return auditFacts(
    { type: 'enforcement.leaked', scope: scopeText(leak.scope), subject, part },
    leak.minute * MINUTE_MS,
    {
      tenant_id: leak.tenant,
      session_id: leak.session,
      tool: leak.tool,
      decision_id: leak.decisionId,
      severity: 'critical',
      reason: `${leak.count} ${leak.count === 1 ? 'call' : 'calls'} ran although ${scopeText(leak.scope)} was stopped: some gateway does not ask a guard`,
      timing: { event_ts: null, appended_at: null, decided_at: null, applied_at: leak.appliedAt },
      count: leak.count,
    },
  );
}
