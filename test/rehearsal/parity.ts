/** What invariant 21 compares: alerts, and decisions before what only the present knows. */
import type { AuditFacts, AuditRecord, AuditType } from '../../src/domain/audit-record.ts';
import { scopeText } from '../../src/domain/scope.ts';
import type { TripRequest } from '../../src/ports/kill-store.ts';

const CARRIED_OUT: readonly AuditType[] = ['session.terminated', 'switch.tripped', 'tool.disabled'];
const DECISIONS: readonly AuditType[] = [
  ...CARRIED_OUT,
  'decision.simulated',
  'decision.suppressed',
  'decision.failed',
];

/** Each alert once, by time and id: a replay writes the same again. */
export function alertsOf(facts: readonly AuditFacts[]): AuditFacts[] {
  return onceEach(facts.filter(({ type }) => type.startsWith('alert.')));
}

/** Every word about decisions that were not carried out, each once: complete, with reasons, times and counts. */
export function wordsOf(facts: readonly AuditFacts[]): AuditFacts[] {
  return onceEach(facts.filter(({ type }) => type.startsWith('decision.')));
}

/** Why decisions were held back, by id of the decision. */
export function suppressedFor(facts: readonly AuditFacts[], code: string): AuditFacts[] {
  const begin = `Suppressed (${code})`;
  return wordsOf(facts).filter(({ type, reason }) => type === 'decision.suppressed' && reason.startsWith(begin));
}

function onceEach(facts: readonly AuditFacts[]): AuditFacts[] {
  const bare = facts.map((one) => ({ ...one, chain: undefined }));
  return [...new Map(bare.map((one) => [one.id, one])).values()].sort((a, b) =>
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
  readonly severity: AuditFacts['severity'];
  readonly evidence: AuditFacts['evidence'];
  /** Of the deciding event at its producer, and when the cause was appended. */
  readonly times: readonly (number | null | undefined)[];
}

/**
 * Each decision once, applied or held back: whether it changes anything depends on the kill state, and where it does not
 * there is no cooldown. Without its mode: where it was applied the record has what stands by then, both modes together.
 */
export function decisionsOf(facts: readonly AuditFacts[]): PlainDecision[] {
  const decided = facts.filter(({ type, actor }) => DECISIONS.includes(type) && actor.kind === 'sentinel');
  const plain = decided.map(({ decision_id: id, rule, tenant_id: tenant, session_id: session, timing, ...rest }) => {
    const { tool, action, severity, evidence } = rest;
    const times = [timing?.event_ts, timing?.appended_at];
    return { id, rule: rule?.name, tenant, session, tool, action, severity, evidence, times };
  });
  return [...new Map(plain.map((decision) => [decision.id, decision])).values()].sort((a, b) =>
    order(a.id ?? '', b.id ?? ''),
  );
}

export interface CarriedOut extends PlainDecision {
  readonly mode: string | null;
  readonly reason: string;
}

/** What was carried out, each once, by id: how and why. */
export function carriedOut(facts: readonly AuditFacts[]): CarriedOut[] {
  const applied = facts.filter(({ type, actor }) => CARRIED_OUT.includes(type) && actor.kind === 'sentinel');
  const words = new Map(applied.map(({ decision_id, mode, reason }) => [decision_id, { mode, reason }]));
  return decisionsOf(applied).map((decision) => ({ ...decision, ...words.get(decision.id)! }));
}

/** The same of what was asked of a kill store in earnest. */
export function tripped(requests: readonly TripRequest[]): CarriedOut[] {
  const earnest = requests.filter(({ simulate }) => simulate !== true).map(askedOf);
  return [...new Map(earnest.map((decision) => [decision.id, decision])).values()].sort((a, b) =>
    order(a.id ?? '', b.id ?? ''),
  );
}

function askedOf({ scope, decisionId, mode, reason, audit }: TripRequest): CarriedOut {
  return {
    id: decisionId,
    rule: audit.rule?.name,
    tenant: scope.kind === 'global' ? null : scope.tenant,
    session: scope.kind === 'session' ? scope.session : null,
    tool: scope.kind === 'tool' ? scope.pattern : null,
    action: audit.action,
    mode: mode ?? 'disabled',
    severity: audit.severity,
    evidence: audit.evidence,
    times: [audit.timing?.event_ts, audit.timing?.appended_at],
    reason,
  };
}

/** Scope texts of what was carried out. */
export function scopesOf(facts: readonly AuditFacts[]): string[] {
  const scopes = carriedOut(facts).map(({ tenant, session, tool }) => {
    if (session !== null) return scopeText({ kind: 'session', tenant: tenant as string, session });
    return scopeText(
      tool === null ? { kind: 'tenant', tenant: tenant as string } : { kind: 'tool', tenant, pattern: tool },
    );
  });
  return [...new Set(scopes)].sort();
}

/** Records of alerts and decisions that have one id, and differ in more than their place in a chain. */
export function differing(records: readonly AuditRecord[]): string[] {
  const byId = new Map<string, string>();
  const judged = records.filter(({ type }) => type.startsWith('alert.') || DECISIONS.includes(type));
  return judged.flatMap(({ chain: _, ...facts }) => {
    const bytes = JSON.stringify(facts);
    const known = byId.get(facts.id);
    byId.set(facts.id, bytes);
    return known === undefined || known === bytes ? [] : [`${known}\n${bytes}`];
  });
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
