import type { AuditType } from '../domain/audit-record.ts';
import { hashParts } from '../domain/ids.ts';

/** The id of an audit record: the same fact written again, by whoever, has the same id. `scope` is scope text or an alert's key. */
export function recordId(type: AuditType, scope: string, subject: string, part: string): string {
  return hashParts(type, scope, subject, part);
}
