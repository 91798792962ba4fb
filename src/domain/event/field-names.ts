import { QUOTE } from './json-bytes.ts';

/** Fields of an event by number. */
export const Field = {
  eventId: 0,
  tenant: 1,
  session: 2,
  ts: 3,
  tool: 4,
  agent: 5,
  errorType: 6,
  callId: 7,
  idempotencyKey: 8,
  argsHash: 9,
  runId: 10,
  parentSession: 11,
  type: 12,
  kind: 13,
  phase: 14,
  status: 15,
  cost: 16,
  tokensIn: 17,
  tokensOut: 18,
  latency: 19,
  args: 20,
  labels: 21,
} as const;

export const FIELD_COUNT = 22;
export const UNKNOWN_FIELD = -1;

const NAMES: Readonly<Record<keyof typeof Field, string>> = {
  eventId: 'event_id',
  tenant: 'tenant_id',
  session: 'session_id',
  ts: 'ts',
  tool: 'tool',
  agent: 'agent_id',
  errorType: 'error_type',
  callId: 'call_id',
  idempotencyKey: 'idempotency_key',
  argsHash: 'args_hash',
  runId: 'run_id',
  parentSession: 'parent_session_id',
  type: 'type',
  kind: 'kind',
  phase: 'phase',
  status: 'status',
  cost: 'cost_usd',
  tokensIn: 'tokens_in',
  tokensOut: 'tokens_out',
  latency: 'latency_ms',
  args: 'args',
  labels: 'labels',
};

/** Words that a name may take, its closing quote included. */
const NAME_STRIDE = 5;
/** Names with their closing quotes as little-endian words, by field. */
const NAME_WORDS = new Int32Array(NAME_STRIDE * FIELD_COUNT);
/** By field: the index of its last word, and which bytes of that belong to the name. */
const LAST_WORDS = new Int32Array(FIELD_COUNT);
const LAST_MASKS = new Int32Array(FIELD_COUNT);
const NAME_LENGTHS = new Int32Array(FIELD_COUNT);
const FIELDS_BY_LENGTH: number[][] = [];
fillTables();

/** True when that field's name and its closing quote stand here. */
export function nameIs(field: number, words: DataView, at: number): boolean {
  const first = field * NAME_STRIDE;
  const last = LAST_WORDS[field]!;
  let next = at;
  for (let i = first; i < last; i++) {
    if (words.getInt32(next, true) !== NAME_WORDS[i]) return false;
    next += 4;
  }
  return ((words.getInt32(next, true) ^ NAME_WORDS[last]!) & LAST_MASKS[field]!) === 0;
}

export function nameLength(field: number): number {
  return NAME_LENGTHS[field]!;
}

/** The field whose name stands from `start` up to the closing quote at `end`; {@link UNKNOWN_FIELD} for any other name. */
export function fieldNamed(words: DataView, start: number, end: number): number {
  const fields = FIELDS_BY_LENGTH[end - start];
  if (fields === undefined) return UNKNOWN_FIELD;
  for (let i = 0; i < fields.length; i++) if (nameIs(fields[i]!, words, start)) return fields[i]!;
  return UNKNOWN_FIELD;
}

function fillTables(): void {
  for (const [key, field] of Object.entries(Field)) {
    const bytes = [...new TextEncoder().encode(NAMES[key as keyof typeof Field]), QUOTE];
    const first = field * NAME_STRIDE;
    bytes.forEach((byte, i) => {
      NAME_WORDS[first + (i >> 2)]! |= byte << ((i & 3) * 8);
    });
    const rest = bytes.length & 3;
    LAST_WORDS[field] = first + Math.ceil(bytes.length / 4) - 1;
    LAST_MASKS[field] = rest === 0 ? -1 : (1 << (rest * 8)) - 1;
    const length = bytes.length - 1;
    NAME_LENGTHS[field] = length;
    while (FIELDS_BY_LENGTH.length <= length) FIELDS_BY_LENGTH.push([]);
    FIELDS_BY_LENGTH[length]!.push(field);
  }
}
