import type { AuditFacts } from '../domain/audit-record.ts';
import type { RuleSet } from '../domain/rule.ts';
import { auditFacts } from './facts.ts';

/** Who writes, and its number: what makes records of a process's own life distinct. */
export interface WriterSeq {
  readonly writer: string;
  readonly seq: number;
}

const subject = ({ writer, seq }: WriterSeq): string => `${writer}:${seq}`;

export function startedRecord(by: WriterSeq, at: number, where: string): AuditFacts {
  return auditFacts({ type: 'sentinel.started', scope: 'global', subject: subject(by) }, at, {
    reason: `Sentinel started: ${where}`,
  });
}

export function rulesLoadedRecord(by: WriterSeq, at: number, set: RuleSet, from: string): AuditFacts {
  return auditFacts({ type: 'rules.loaded', scope: 'global', subject: subject(by) }, at, {
    reason: `${set.rules.length} rules loaded from ${from}, set ${set.hash}`,
  });
}

export function rulesRejectedRecord(by: WriterSeq, at: number, errors: readonly string[]): AuditFacts {
  const more = errors.length > 5 ? ` (and ${errors.length - 5} more)` : '';
  return auditFacts({ type: 'rules.rejected', scope: 'global', subject: subject(by) }, at, {
    severity: 'warning',
    reason: `Rules rejected, the last good set stays: ${errors.slice(0, 5).join('; ')}${more}`,
    count: errors.length,
  });
}

export function degradedRecord(by: WriterSeq, at: number, what: string): AuditFacts {
  return auditFacts({ type: 'sentinel.degraded', scope: 'global', subject: subject(by) }, at, {
    severity: 'critical',
    reason: what,
  });
}
