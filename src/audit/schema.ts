import { z } from 'zod';
import { AUDIT_TYPES } from '../domain/audit-record.ts';

const time = z.int().nullable();

const position = z.strictObject({
  topic: z.string(),
  partition: z.int().min(0),
  offset: z.int().min(0),
  event_id: z.string().optional().describe('Of the deciding event, the last'),
});

const evidence = z.strictObject({
  measure: z.string().describe('The rule type, with its field where it has one'),
  value: z.number(),
  threshold: z.number(),
  score: z.number().nullable(),
  window_ms: z.int().nullable(),
  window_end: z.number().describe("The key's clock when the condition was judged, epoch ms"),
  events: z.array(position).max(20).describe('The newest contributing events, oldest first'),
});

/** The audit record (contract 7) as dashboards may rely on it. `chain` is absent in a backtest. */
export const auditRecordSchema = z
  .strictObject({
    schema_version: z.literal(1),
    id: z.string().describe('The same fact written twice has the same id: count once per id'),
    decision_id: z.string().nullable().describe('Joins an alert, what was decided and what was changed'),
    time: z.iso.datetime({ precision: 3 }).describe('Order by time and decision_id, not by offset'),
    type: z.enum(AUDIT_TYPES),
    severity: z.enum(['info', 'warning', 'critical']),
    tenant_id: z.string().nullable(),
    session_id: z.string().nullable(),
    tool: z.string().nullable(),
    actor: z.strictObject({ kind: z.enum(['sentinel', 'operator', 'guard', 'redis-cli']), id: z.string() }),
    action: z.string().nullable(),
    mode: z.string().nullable(),
    reason: z.string(),
    rule: z.strictObject({ name: z.string(), group: z.string(), hash: z.string() }).nullable(),
    evidence: evidence.nullable(),
    state: z
      .strictObject({
        version: z.int(),
        before: z.string().nullable(),
        after: z.string(),
        expires_at: time,
      })
      .nullable(),
    timing: z
      .strictObject({ event_ts: time, appended_at: time, decided_at: time, applied_at: time })
      .nullable()
      .describe('Epoch ms'),
    count: z.int().nullable().describe('Of aggregated records: how many'),
    chain: z
      .strictObject({
        writer: z.string(),
        seq: z.int().min(1),
        prev: z.string().nullable(),
        hash: z.string().describe('SHA-256 (hex) of the record in RFC 8785 form without chain.hash'),
      })
      .optional(),
  })
  .describe('One record of the topic agent.audit');

/** `schema/audit.schema.json`. */
export function auditJsonSchema(): Record<string, unknown> {
  return {
    title: 'agent-sentinel audit record',
    ...z.toJSONSchema(auditRecordSchema, { io: 'input', target: 'draft-7' }),
  };
}
