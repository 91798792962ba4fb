import type { Alert, FiringAlert, ResolvedAlert } from '../domain/alert.ts';
import type { AuditFacts } from '../domain/audit-record.ts';
import { formatDuration } from '../domain/duration.ts';
import { alertId, type Cause } from '../domain/ids.ts';
import { renderTemplate } from '../domain/template.ts';
import { auditFacts, keyFields, ruleField } from './facts.ts';

/** The records of an episode's begin and end; both carry the alert's id, `log` is the log's identity. */
export function alertRecord(alert: Alert, log: string): AuditFacts {
  return alert.state === 'firing' ? firing(alert, log) : resolved(alert, log);
}

function firing(alert: FiringAlert, log: string): AuditFacts {
  const subject = subjectOf(alert, log);
  return auditFacts({ type: 'alert.firing', scope: alert.keyText, subject }, alert.at, {
    ...keyFields(alert),
    decision_id: subject,
    severity: alert.rule.severity,
    reason: summary(alert),
    rule: ruleField(alert.rule),
    evidence: alert.evidence,
    timing: { event_ts: alert.eventTs, appended_at: appendedAt(alert.cause), decided_at: null, applied_at: null },
  });
}

const WHY: Record<ResolvedAlert['why'], string> = {
  condition: 'the condition holds no more',
  ended: 'the session ended',
  fence: 'the scope was restored: older evidence no longer counts',
  reload: 'the rule was changed or removed',
};

function resolved(alert: ResolvedAlert, log: string): AuditFacts {
  const subject = subjectOf(alert, log);
  return auditFacts({ type: 'alert.resolved', scope: alert.keyText, subject }, alert.at, {
    ...keyFields(alert),
    decision_id: subject,
    severity: alert.rule.severity,
    reason: `${alert.rule.name}: ${WHY[alert.why]}`,
    rule: ruleField(alert.rule),
  });
}

function subjectOf(alert: Alert, log: string): string {
  return alertId(log, alert.rule.name, alert.rule.hash, alert.keyText, alert.cause);
}

function appendedAt(cause: Cause): number | null {
  return cause.kind === 'record' ? cause.appendedAt : null;
}

/** The rule's own summary, or what was measured. */
function summary(alert: FiringAlert): string {
  const { evidence, key, rule } = alert;
  const template = rule.annotations.summary;
  const plain = `${rule.name}: ${evidence.measure} is ${evidence.value}, limit ${evidence.threshold}`;
  if (template === undefined) return plain;
  const values: Record<string, string | undefined> = {
    tenant: key.tenant,
    session: key.session,
    agent: key.agent,
    tool: key.tool ?? alert.subjects.tool ?? undefined,
    value: String(evidence.value),
    threshold: String(evidence.threshold),
    window: evidence.window_ms === null ? undefined : formatDuration(evidence.window_ms),
  };
  return renderTemplate(template, (name) =>
    name.startsWith('labels.') ? key.labels?.[name.slice('labels.'.length)] : values[name],
  );
}
