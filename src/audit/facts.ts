import type { FiringAlert, ResolvedAlert } from '../domain/alert.ts';
import type { AuditFacts, AuditType } from '../domain/audit-record.ts';
import type { Actor } from '../domain/kill-state.ts';
import type { Rule } from '../domain/rule.ts';
import type { Scope } from '../domain/scope.ts';
import { rfc3339 } from '../domain/time.ts';
import { recordId } from './record-id.ts';

/** The automation as an actor. */
export const SENTINEL: Actor = { kind: 'sentinel', id: 'sentinel' };

export interface Identity {
  readonly type: AuditType;
  /** Scope text, or an alert's key text. */
  readonly scope: string;
  readonly subject: string;
  readonly part?: string | number;
}

type Optional = Partial<Omit<AuditFacts, 'schema_version' | 'id' | 'type' | 'time'>>;

/** A record with every field in its place; what is not said is null. `at` is epoch ms. */
export function auditFacts(identity: Identity, at: number, said: Optional & { readonly reason: string }): AuditFacts {
  const { type, scope, subject, part = '' } = identity;
  return {
    schema_version: 1,
    id: recordId(type, scope, subject, String(part)),
    decision_id: said.decision_id ?? null,
    time: rfc3339(at),
    type,
    severity: said.severity ?? 'info',
    tenant_id: said.tenant_id ?? null,
    session_id: said.session_id ?? null,
    tool: said.tool ?? null,
    actor: said.actor ?? SENTINEL,
    action: said.action ?? null,
    mode: said.mode ?? null,
    reason: said.reason,
    rule: said.rule ?? null,
    evidence: said.evidence ?? null,
    state: said.state ?? null,
    timing: said.timing ?? null,
    count: said.count ?? null,
  };
}

/** The ids that a scope stands for. */
export function scopeFields(scope: Scope): Pick<AuditFacts, 'tenant_id' | 'session_id' | 'tool'> {
  return {
    tenant_id: scope.kind === 'global' ? null : scope.tenant,
    session_id: scope.kind === 'session' ? scope.session : null,
    tool: scope.kind === 'tool' ? scope.pattern : null,
  };
}

export function ruleField(rule: Rule): NonNullable<AuditFacts['rule']> {
  return { name: rule.name, group: rule.group, hash: rule.hash };
}

/** The ids of an alert's key. */
export function keyFields({ key }: FiringAlert | ResolvedAlert): Pick<AuditFacts, 'tenant_id' | 'session_id' | 'tool'> {
  return { tenant_id: key.tenant ?? null, session_id: key.session ?? null, tool: key.tool ?? null };
}
