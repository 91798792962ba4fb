/** What invariant 21 compares: alerts, and decisions before what only the present knows. */
import type { AuditFacts } from '../../src/domain/audit-record.ts';

const DECISIONS = [
  'session.terminated',
  'switch.tripped',
  'tool.disabled',
  'decision.simulated',
  'decision.suppressed',
  'decision.failed',
];

/** Each alert once, by time and id: a replay writes the same again. */
export function alertsOf(facts: readonly AuditFacts[]): AuditFacts[] {
  const alerts = facts.filter(({ type }) => type.startsWith('alert.'));
  return [...new Map(alerts.map((alert) => [alert.id, alert])).values()].sort((a, b) =>
    order(`${a.time} ${a.id}`, `${b.time} ${b.id}`),
  );
}

export interface PlainDecision {
  readonly id: string | null;
  readonly rule: string | undefined;
  readonly tenant: string | null;
  readonly session: string | null;
  readonly tool: string | null;
  readonly action: string | null;
  readonly mode: string | null;
  readonly evidence: AuditFacts['evidence'];
}

/**
 * Each decision once, applied or held back: whether it changes anything depends on the kill state, and where it does not
 * there is no cooldown.
 */
export function decisionsOf(facts: readonly AuditFacts[]): PlainDecision[] {
  const decided = facts.filter(({ type, actor }) => DECISIONS.includes(type) && actor.kind === 'sentinel');
  const plain = decided.map(({ decision_id: id, rule, tenant_id: tenant, session_id: session, ...rest }) => {
    const { tool, action, mode, evidence } = rest;
    return { id, rule: rule?.name, tenant, session, tool, action, mode, evidence };
  });
  return [...new Map(plain.map((decision) => [decision.id, decision])).values()].sort((a, b) =>
    order(a.id ?? '', b.id ?? ''),
  );
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
