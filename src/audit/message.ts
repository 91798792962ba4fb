import type { AuditFacts, AuditRecord } from '../domain/audit-record.ts';
import type { OutMessage } from '../ports/event-log.ts';

/** Records of one tenant are in order. */
export function auditKey({ tenant_id: tenant }: AuditFacts): string {
  return tenant ?? '_global';
}

/** A record as a message of the audit topic: keyed by tenant, CloudEvents in the headers. */
export function auditMessage(record: AuditRecord): OutMessage {
  const subject = record.session_id ?? record.tool ?? record.tenant_id;
  return {
    key: auditKey(record),
    value: JSON.stringify(record),
    headers: {
      ce_specversion: '1.0',
      ce_id: record.id,
      ce_source: `agent-sentinel/${record.chain.writer}`,
      ce_type: `agent-sentinel.${record.type}`,
      ce_time: record.time,
      ...(subject === null ? {} : { ce_subject: encodeURIComponent(subject) }),
      'content-type': 'application/json',
    },
  };
}
