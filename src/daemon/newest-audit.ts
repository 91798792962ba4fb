import type { AuditRecord } from '../domain/audit-record.ts';
import type { EventLog } from '../ports/event-log.ts';

/** The newest records of the audit topic, whoever wrote them, read when somebody asks. */
export async function newestAudit(
  log: Pick<EventLog, 'readLast'>,
  topic: string,
  limit: number,
): Promise<readonly AuditRecord[]> {
  const records: AuditRecord[] = [];
  await log.readLast(topic, limit, ({ value }) => {
    const record = value === null ? null : parse(value);
    if (record !== null) records.push(record);
  });
  return records;
}

function parse(value: Uint8Array): AuditRecord | null {
  try {
    return JSON.parse(Buffer.from(value).toString('utf8')) as AuditRecord;
  } catch {
    return null;
  }
}
