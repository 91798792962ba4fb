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

/** A name with its closing quote as little-endian words; of the last one only the bytes under `mask` count. */
interface NameWords {
  readonly length: number;
  readonly words: Int32Array;
  readonly mask: number;
}

const NAME_WORDS = Object.entries(Field).map(([key]) => nameWords(NAMES[key as keyof typeof Field]));
const FIELDS_BY_LENGTH = fieldsByLength();

/** True when that field's name and its closing quote stand here. */
export function nameIs(field: number, words: DataView, at: number): boolean {
  const name = NAME_WORDS[field]!;
  const last = name.words.length - 1;
  for (let i = 0; i < last; i++) if (words.getInt32(at + i * 4, true) !== name.words[i]) return false;
  return ((words.getInt32(at + last * 4, true) ^ name.words[last]!) & name.mask) === 0;
}

export function nameLength(field: number): number {
  return NAME_WORDS[field]!.length;
}

/** The field whose name stands from `start` up to the closing quote at `end`; {@link UNKNOWN_FIELD} for any other name. */
export function fieldNamed(words: DataView, start: number, end: number): number {
  const fields = FIELDS_BY_LENGTH[end - start];
  if (fields === undefined) return UNKNOWN_FIELD;
  for (let i = 0; i < fields.length; i++) if (nameIs(fields[i]!, words, start)) return fields[i]!;
  return UNKNOWN_FIELD;
}

function nameWords(name: string): NameWords {
  const bytes = [...new TextEncoder().encode(name), QUOTE];
  const words = new Int32Array(Math.ceil(bytes.length / 4));
  bytes.forEach((byte, i) => {
    words[i >> 2]! |= byte << ((i & 3) * 8);
  });
  const rest = bytes.length & 3;
  return { length: name.length, words, mask: rest === 0 ? -1 : (1 << (rest * 8)) - 1 };
}

function fieldsByLength(): readonly (readonly number[])[] {
  const byLength: number[][] = [];
  NAME_WORDS.forEach(({ length }, field) => {
    while (byLength.length <= length) byLength.push([]);
    byLength[length]!.push(field);
  });
  return byLength;
}
