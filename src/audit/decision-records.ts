import type { AuditFacts, AuditType } from '../domain/audit-record.ts';
import type { Decision, SuppressionCode } from '../domain/decision.ts';
import { scopeText } from '../domain/scope.ts';
import { auditFacts, ruleField, scopeFields } from './facts.ts';

/** What a simulated decision would have done. */
export function simulatedRecord(decision: Decision): AuditFacts {
  return decisionRecord('decision.simulated', decision, '', decision.reason);
}

/** Why a decision was not acted upon; once per decision and code. */
export function suppressedRecord(decision: Decision, code: SuppressionCode, detail: string): AuditFacts {
  return decisionRecord('decision.suppressed', decision, code, `Suppressed (${code}): ${detail}`);
}

/** The end of a suppression, when its episode ended: how often it stood in the way. `at`: epoch ms. */
export function suppressionEndRecord(
  decision: Decision,
  code: SuppressionCode,
  detail: string,
  end: { readonly at: number; readonly count: number },
): AuditFacts {
  const reason = `Suppressed (${code}) until the alert ended: ${detail}`;
  return decisionRecord('decision.suppressed', decision, `${code}+end`, reason, end);
}

/** A decision that the kill switch could not carry out, for now. */
export function failedRecord(decision: Decision, code: string, detail: string): AuditFacts {
  return decisionRecord('decision.failed', decision, code, `Failed (${code}): ${detail}`);
}

/**
 * What a decision does when it is applied, as a backtest writes it: the types of the live trail, without what only the
 * present knows. `at`: the horizon at which it is applied, epoch ms.
 */
export function wouldBeRecord(decision: Decision, at: number): AuditFacts {
  const type: AuditType =
    decision.action === 'terminate_session'
      ? 'session.terminated'
      : decision.action === 'disable_tool'
        ? 'tool.disabled'
        : 'switch.tripped';
  // As the change's own record has it: a tool has no mode but that it is disabled.
  return { ...decisionRecord(type, decision, '', decision.reason, { at }), mode: decision.mode ?? 'disabled' };
}

function decisionRecord(
  type: AuditType,
  decision: Decision,
  part: string,
  reason: string,
  end?: { readonly at: number; readonly count?: number },
): AuditFacts {
  const { alert } = decision;
  return auditFacts({ type, scope: scopeText(decision.scope), subject: decision.id, part }, end?.at ?? alert.at, {
    ...scopeFields(decision.scope),
    decision_id: decision.id,
    severity: alert.rule.severity,
    action: decision.action,
    mode: decision.mode,
    reason,
    rule: ruleField(alert.rule),
    evidence: alert.evidence,
    timing: {
      event_ts: alert.eventTs,
      appended_at: alert.cause.kind === 'record' ? alert.cause.appendedAt : null,
      decided_at: null,
      applied_at: null,
    },
    count: end?.count ?? null,
  });
}
