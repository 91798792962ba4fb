import type { AuditFacts } from '../domain/audit-record.ts';
import { parseScope, type Scope } from '../domain/scope.ts';
import type { ChangeNote } from '../ports/kill-store.ts';
import { auditFacts, SENTINEL, scopeFields } from './facts.ts';

const NO_SCOPE = { tenant_id: null, session_id: null, tool: null };

/** The record of a change of kill state, made from its outbox note by the relay. */
export function changeRecord(note: ChangeNote): AuditFacts {
  const { state, audit } = note;
  const scope: Scope | null = parseScope(note.scope);
  const part = state === null ? note.at : state.version;
  return auditFacts({ type: note.type, scope: note.scope, subject: note.subject, part }, note.at, {
    ...(scope === null ? NO_SCOPE : scopeFields(scope)),
    decision_id: state === null ? null : state.decision_id,
    severity: audit?.severity ?? severityOf(note),
    actor: state?.actor ?? SENTINEL,
    action: audit?.action ?? null,
    mode: state?.mode ?? null,
    reason: state?.reason ?? note.detail ?? note.type,
    rule: audit?.rule ?? null,
    evidence: audit?.evidence ?? null,
    state: state && { version: state.version, before: note.before, after: state.mode, expires_at: state.expires_at },
    timing: {
      event_ts: audit?.timing?.event_ts ?? null,
      appended_at: audit?.timing?.appended_at ?? null,
      decided_at: audit?.timing?.decided_at ?? null,
      applied_at: note.at,
    },
  });
}

/** Stops and the automation's own limits page somebody; lifts and renewals do not. */
function severityOf({ type }: ChangeNote): AuditFacts['severity'] {
  switch (type) {
    case 'session.terminated':
    case 'switch.tripped':
    case 'tool.disabled':
    case 'limit.reached':
    case 'sentinel.degraded':
      return 'critical';
    case 'switch.reasserted':
      return 'warning';
    default:
      return 'info';
  }
}
