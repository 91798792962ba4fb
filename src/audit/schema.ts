import { z } from 'zod';
import { AUDIT_TYPES } from '../domain/audit-record.ts';

const time = (about: string) => z.int().nullable().describe(`${about}, epoch ms`);

const position = z.strictObject({
  topic: z.string().describe('The topic of tool-call events'),
  partition: z.int().min(0).describe('Its partition'),
  offset: z.int().min(0).describe('Where in the partition the event stands'),
  event_id: z.string().optional().describe('Of the deciding event, the last'),
});

const evidence = z.strictObject({
  measure: z.string().describe('The rule type, with its field where it has one'),
  value: z.number().describe('What was measured; durations in ms'),
  threshold: z.number().describe('What the condition of the rule compares it with'),
  score: z.number().nullable().describe('How far from normal, for rules with a baseline'),
  window_ms: z.int().nullable().describe('How far back it was measured; null: over the whole session'),
  window_end: z.number().describe("The key's clock when the condition was judged, epoch ms"),
  events: z.array(position).max(20).describe('The newest contributing events, oldest first'),
});

const DECISION_ID =
  'What was decided: the same in decision.*, in the change that followed, in its renewals, in blocked calls and leaks. Of a ' +
  'change by hand it begins with "hand:". Of alert.firing and alert.resolved: the alert. An alert and what was decided ' +
  'because of it have the same rule.hash and the same evidence; a later decision of the same alert has newer evidence';

const rule = z.strictObject({
  name: z.string().describe('The alert of the rules file'),
  group: z.string().describe('The group that it is in'),
  hash: z.string().describe('Of what the rule means: another hash is another rule of that name'),
});

const state = z.strictObject({
  version: z.int().describe('Grows with every change of a scope'),
  before: z.string().nullable().describe('The mode before; null: never tripped'),
  after: z.string().describe('The mode now; none: cleared; disabled: of a tool'),
  expires_at: time('When it clears by itself, null: never'),
});

const timing = z.strictObject({
  event_ts: time('When the deciding event happened at its producer'),
  appended_at: time('When the log took it'),
  decided_at: time('When it was decided'),
  applied_at: time('When the store had the change'),
});

const chain = z.strictObject({
  writer: z.string().describe('One process start, or one turn of the relay'),
  seq: z.int().min(1).describe('Number of the record in the chain of its writer, from 1, without a gap'),
  prev: z
    .string()
    .nullable()
    .describe(
      "chain.hash of the record before; of a writer's first: of the last of the writer before it, null at the very start",
    ),
  hash: z.string().describe('SHA-256 (hex) of the record in RFC 8785 form without chain.hash'),
});

/** The audit record (contract 7) as dashboards may rely on it. `chain` is absent in a backtest. */
export const auditRecordSchema = z
  .strictObject({
    schema_version: z.literal(1).describe('Of this schema'),
    id: z.string().describe('The same fact written twice has the same id: count once per id'),
    decision_id: z.string().nullable().describe(DECISION_ID),
    time: z.iso.datetime({ precision: 3 }).describe('Order by time and decision_id, not by offset'),
    type: z.enum(AUDIT_TYPES).describe('What happened'),
    severity: z
      .enum(['info', 'warning', 'critical'])
      .describe("Of alerts and decisions the rule's; stops are critical"),
    tenant_id: z.string().nullable().describe('The tenant that it concerns; null: all. The key of the record'),
    session_id: z.string().nullable().describe('The session that it concerns, together with tenant_id'),
    tool: z.string().nullable().describe('The tool that it concerns, or the pattern that was disabled'),
    actor: z
      .strictObject({
        kind: z
          .enum(['sentinel', 'operator', 'guard', 'redis-cli'])
          .describe('The automation, a person, a gateway, or whoever set a flag by hand'),
        id: z.string().describe('Which of them'),
      })
      .describe('Who did it'),
    action: z
      .string()
      .nullable()
      .describe(
        'What was or would be done: terminate_session, flip_tenant, flip_global or disable_tool; null for what lifts, and for flags set by hand',
      ),
    mode: z
      .string()
      .nullable()
      .describe('stop_new_runs, disable_writes, stop_all, or two of them; none; disabled: of a tool'),
    reason: z.string().describe('One sentence for people'),
    rule: rule.nullable().describe('The rule that decided; null where it was no rule'),
    evidence: evidence.nullable().describe('What the rule measured'),
    state: state.nullable().describe('Of changes: what stood before and what stands now'),
    timing: timing.nullable().describe('Epoch ms'),
    count: z.int().nullable().describe('Of aggregated records: how many'),
    chain: chain.optional().describe('Shows an edit, a deletion and a reordering; absent in a backtest'),
  })
  .describe('One record of the topic agent.audit');

/** `schema/audit.schema.json`. */
export function auditJsonSchema(): Record<string, unknown> {
  return {
    title: 'agent-sentinel audit record',
    ...z.toJSONSchema(auditRecordSchema, { io: 'input', target: 'draft-7' }),
  };
}
