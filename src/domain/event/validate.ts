import { ID_BYTES_MAX, TEXT_BYTES_MAX } from './limits.ts';
import type { Rejection } from './rejection.ts';
import { utf8Length } from './scratch.ts';
import { timeOfBytes, timeOfNumber } from './time.ts';
import { EVENT_TYPES, STATUSES } from './view.ts';

/** A parsed JSON object that {@link validateEvent} accepted: null, and for texts the empty one, mean absent. */
export interface ValidEvent {
  readonly event_id: string;
  readonly ts: number | string;
  readonly tenant_id: string;
  readonly session_id: string;
  readonly type?: (typeof EVENT_TYPES)[number] | null;
  readonly tool?: string | null;
  readonly kind?: 'read' | 'write' | null;
  readonly phase?: 'call' | 'result' | null;
  readonly call_id?: string | null;
  readonly agent_id?: string | null;
  readonly run_id?: string | null;
  readonly parent_session_id?: string | null;
  readonly args?: Readonly<Record<string, unknown>> | null;
  readonly args_hash?: string | null;
  readonly idempotency_key?: string | null;
  readonly status?: (typeof STATUSES)[number] | null;
  readonly error_type?: string | null;
  readonly cost_usd?: number | null;
  readonly tokens_in?: number | null;
  readonly tokens_out?: number | null;
  readonly latency_ms?: number | null;
  readonly labels?: Readonly<Record<string, string>> | null;
}

type Fields = Readonly<Record<string, unknown>>;

export const REQUIRED_IDS = ['event_id', 'tenant_id', 'session_id'] as const;
export const OPTIONAL_TEXTS = [
  'tool',
  'call_id',
  'agent_id',
  'run_id',
  'args_hash',
  'idempotency_key',
  'error_type',
] as const;
export const NUMBERS = ['cost_usd', 'tokens_in', 'tokens_out', 'latency_ms'] as const;
export const KINDS = ['read', 'write'] as const;
export const PHASES = ['call', 'result'] as const;
/** What a status may be on a `call`: it has no outcome yet, but it may have been blocked. */
export const CALL_STATUSES = ['ok', 'blocked'] as const;

/**
 * The event's schema as plain code: the first thing that is wrong, or null when the value is a {@link ValidEvent}.
 * `schema.ts` defines what is valid; a test holds the two equal.
 */
export function validateEvent(value: unknown): Rejection | null {
  if (!isObject(value))
    return { reason: 'not_object', detail: `the record must be a JSON object, but is ${kindOf(value)}` };
  return missing(value) ?? wrongText(value) ?? wrongWord(value) ?? wrongNumber(value) ?? wrongObject(value);
}

/** True for what JSON calls an object. */
export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Epoch ms of what stands in `ts`; NaN when it is no time. */
export function timeOf(value: unknown): number {
  if (typeof value === 'number') return timeOfNumber(value);
  if (typeof value !== 'string' || value.length > 64) return Number.NaN;
  const bytes = Buffer.from(value);
  return timeOfBytes(bytes, 0, bytes.length);
}

export function isText(value: unknown, bytesMax: number): value is string {
  return typeof value === 'string' && value.length <= bytesMax && value.isWellFormed() && utf8Length(value) <= bytesMax;
}

export function isLabels(value: unknown): value is Readonly<Record<string, string>> {
  return isObject(value) && Object.values(value).every((label) => isText(label, TEXT_BYTES_MAX));
}

function missing(event: Fields): Rejection | null {
  for (const field of REQUIRED_IDS) if (absent(event[field])) return missingField(field);
  if (absent(event.ts)) return missingField('ts');
  const isToolCall = absent(event.type) || event.type === 'tool_call';
  if (isToolCall && (absent(event.tool) || event.tool === ''))
    return missingField('tool', ': a tool_call names its tool');
  return null;
}

function wrongText(event: Fields): Rejection | null {
  for (const field of REQUIRED_IDS) {
    if (event[field] === '' || !isText(event[field], ID_BYTES_MAX)) return wrongly(field, idWords, event[field]);
  }
  for (const field of OPTIONAL_TEXTS) {
    if (!absent(event[field]) && !isText(event[field], TEXT_BYTES_MAX)) return wrongly(field, textWords, event[field]);
  }
  const parent = event.parent_session_id;
  return absent(parent) || isText(parent, ID_BYTES_MAX) ? null : wrongly('parent_session_id', idWords, parent);
}

function wrongWord(event: Fields): Rejection | null {
  return (
    oneOf(event, 'type', EVENT_TYPES) ??
    oneOf(event, 'kind', KINDS) ??
    oneOf(event, 'phase', PHASES) ??
    oneOf(event, 'status', STATUSES) ??
    (event.phase === 'call' ? oneOf(event, 'status', CALL_STATUSES, ' on phase call') : null)
  );
}

function wrongNumber(event: Fields): Rejection | null {
  if (!(timeOf(event.ts) >= 0)) return wrong('ts', 'epoch milliseconds or an RFC 3339 time, not before 1970', event.ts);
  for (const field of NUMBERS) {
    const value = event[field];
    if (absent(value) || (typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY)) continue;
    return wrong(field, 'a finite number of at least 0, or null', value);
  }
  return null;
}

function wrongObject(event: Fields): Rejection | null {
  if (!absent(event.args) && !isObject(event.args)) return wrong('args', 'an object', event.args);
  if (absent(event.labels) || isLabels(event.labels)) return null;
  return wrong(
    'labels',
    `an object of strings, each at most ${TEXT_BYTES_MAX} bytes of well-formed UTF-8`,
    event.labels,
  );
}

const idWords = `1 to ${ID_BYTES_MAX} bytes of well-formed UTF-8`;
const textWords = `a string of at most ${TEXT_BYTES_MAX} bytes of well-formed UTF-8`;

function oneOf(event: Fields, field: string, words: readonly string[], where = ''): Rejection | null {
  const value = event[field];
  if (absent(value) || (typeof value === 'string' && words.includes(value))) return null;
  return wrong(field, `one of ${words.join(', ')}${where}`, value);
}

function absent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

function missingField(field: string, where = ''): Rejection {
  return { reason: 'missing_field', detail: `${field} is missing${where}` };
}

function wrong(field: string, expected: string, value: unknown): Rejection {
  return { reason: 'invalid_field', detail: `${field} must be ${expected}, but is ${kindOf(value)}` };
}

/** Of a text that is too long or broken: how, so that its producer can be found. */
function wrongly(field: string, expected: string, value: unknown): Rejection {
  if (typeof value !== 'string' || value === '') return wrong(field, expected, value);
  const how = value.isWellFormed() ? `has ${Buffer.byteLength(value)}` : 'has half a character (a lone surrogate)';
  return { reason: 'invalid_field', detail: `${field} must be ${expected}, but ${how}` };
}

/** What a value is, without saying it. */
function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return value === '' ? 'the empty string' : 'another string';
  return typeof value === 'number' ? 'another number' : `a ${typeof value}`;
}
