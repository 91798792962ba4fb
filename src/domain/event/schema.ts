import { z } from 'zod';
import { ID_BYTES_MAX, TEXT_BYTES_MAX } from './limits.ts';
import { CALL_STATUSES, isLabels, isObject, isText, KINDS, PHASES, timeOf } from './validate.ts';
import { EVENT_TYPES, STATUSES } from './view.ts';

const id = z
  .string()
  .min(1)
  .refine((text) => isText(text, ID_BYTES_MAX))
  .meta({ maxLength: ID_BYTES_MAX });
const optionalId = z
  .string()
  .refine((text) => isText(text, ID_BYTES_MAX))
  .meta({ maxLength: ID_BYTES_MAX })
  .nullish();
const text = z
  .string()
  .refine((value) => isText(value, TEXT_BYTES_MAX))
  .meta({ maxLength: TEXT_BYTES_MAX })
  .nullish();
const amount = z.number().min(0).nullish();

/**
 * What a valid tool-call event is (contract 3). This definition decides; `validate.ts` and the scanner are held
 * equal to it by tests. Unknown fields are ignored. null, and for optional texts the empty one, mean absent.
 * Members of `args` and `labels` may have any name, `constructor` and `__proto__` too, hence the custom checks.
 */
export const eventSchema = z
  .object({
    event_id: id.describe('The same id of the same session and phase, delivered again, counts once.'),
    ts: z
      .union([z.number().min(0), z.string().meta({ format: 'date-time' })])
      .refine((value) => timeOf(value) >= 0)
      .describe('When it happened at the producer: epoch milliseconds or RFC 3339.'),
    tenant_id: id.describe('The customer that the agent works for: 1 to 256 bytes of well-formed UTF-8.'),
    session_id: id.describe('One run of one agent; a session is always the pair with its tenant.'),
    type: z.enum(EVENT_TYPES).nullish().describe('Default: tool_call.'),
    tool: text.describe('Required for a tool_call.'),
    kind: z.enum(KINDS).nullish().describe('The stricter of this and the configured tool lists counts.'),
    phase: z.enum(PHASES).nullish().describe('Absent: one event for the whole call.'),
    call_id: text.describe('Joins the call and its result.'),
    agent_id: text,
    run_id: text,
    parent_session_id: optionalId.describe('A kill of that session holds for this one too.'),
    args: z
      .custom<Record<string, unknown>>(isObject)
      .meta({ type: 'object' })
      .nullish()
      .describe('Fingerprinted; never logged, never audited.'),
    args_hash: text.describe('Instead of args where these may not leave the gateway.'),
    idempotency_key: text,
    status: z.enum(STATUSES).nullish().describe('Default: ok. On phase call only ok or blocked.'),
    error_type: text,
    cost_usd: amount,
    tokens_in: amount,
    tokens_out: amount,
    latency_ms: amount,
    labels: z
      .custom<Record<string, string>>(isLabels)
      .meta({ type: 'object', additionalProperties: { type: 'string', maxLength: TEXT_BYTES_MAX } })
      .nullish()
      .describe('For match and group_by.'),
  })
  .refine((event) => (event.type ?? 'tool_call') !== 'tool_call' || (event.tool ?? '') !== '', { path: ['tool'] })
  .refine(
    (event) => event.phase !== 'call' || [undefined, null, ...CALL_STATUSES].some((word) => word === event.status),
    {
      path: ['status'],
    },
  );

/** The schema for editors and producers in other languages; what JSON Schema cannot say (bytes, lone surrogates) is left out. */
export function eventJsonSchema(): Record<string, unknown> {
  const generated = z.toJSONSchema(eventSchema, { io: 'input', target: 'draft-7', unrepresentable: 'any' });
  const other = {
    properties: { type: { enum: EVENT_TYPES.filter((type) => type !== 'tool_call') } },
    required: ['type'],
  };
  const call = { properties: { phase: { const: 'call' } }, required: ['phase'] };
  return {
    title: 'agent-sentinel tool-call event',
    ...generated,
    allOf: [
      { anyOf: [other, { properties: { tool: { type: 'string', minLength: 1 } }, required: ['tool'] }] },
      { anyOf: [{ not: call }, { properties: { status: { enum: [...CALL_STATUSES, null] } } }] },
    ],
  };
}
