import { type BlockedCalls, blockedRecord } from '../audit/guard-records.ts';
import type { AuditFacts } from '../domain/audit-record.ts';
import { BLOCKED_LABELS } from '../domain/event/blocked-labels.ts';

/** The record of a blocked call's event; `value` are the bytes of a valid event with `status: blocked`. */
export function blockedCallRecord(value: Uint8Array, ts: number): AuditFacts {
  const parsed = JSON.parse(Buffer.from(value).toString('utf8')) as WrittenEvent & { data?: WrittenEvent };
  const event = parsed.event_id === undefined && parsed.data !== undefined ? parsed.data : parsed;
  return blockedRecord(blockedCalls(event, ts));
}

interface WrittenEvent {
  readonly event_id: string;
  readonly tenant_id: string;
  readonly session_id: string;
  readonly tool?: string | null;
  readonly error_type?: string | null;
  readonly labels?: Readonly<Record<string, string>> | null;
}

function blockedCalls(event: WrittenEvent, ts: number): BlockedCalls {
  const labels = event.labels ?? {};
  return {
    tenant: event.tenant_id,
    session: event.session_id,
    tool: event.tool ?? '',
    guard: labels[BLOCKED_LABELS.guard] ?? 'unknown',
    reason: labels[BLOCKED_LABELS.reason] ?? event.error_type ?? 'blocked by the gateway',
    decisionId: labels[BLOCKED_LABELS.decision] ?? null,
    count: 1,
    at: ts,
    eventId: event.event_id,
  };
}
