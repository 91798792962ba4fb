import { RECORD_BYTES_MAX } from '../domain/event/limits.ts';
import { timeOfBytes, timeOfNumber } from '../domain/event/time.ts';

export interface Position {
  readonly partition: number;
  readonly offset: number;
  /** Epoch ms. */
  readonly appendedAt: number;
}

/** An event with its place in a log: a line `{"partition","offset","appended_at","event"}`. */
export interface Positioned<Value> extends Position {
  readonly event: Value;
}

/** An event of the greatest size, its position around it. */
export const LINE_BYTES_MAX = RECORD_BYTES_MAX + 1_024;
/** The engine's times end in 2109. */
export const APPEND_TIME_MAX = 2 ** 42;

const SPACE = 0x20;
const CLOSE = 0x7d;
const PARTITION = bytesOf('{"partition":');
const OFFSET = bytesOf(',"offset":');
const APPENDED_AT = bytesOf(',"appended_at":');
const EVENT = bytesOf(',"event":');

/**
 * Reads a positioned line as we write it, from bytes and without parsing the event; null for any other line, which may
 * still be a positioned one ({@link parsePositioned}).
 */
export class PositionScanner {
  #at = 0;

  scan(line: Uint8Array): Positioned<Uint8Array> | null {
    this.#at = 0;
    const partition = this.#number(line, PARTITION);
    if (partition < 0) return null;
    const offset = this.#number(line, OFFSET);
    const appendedAt = this.#number(line, APPENDED_AT);
    if (offset < 0 || !(appendedAt >= 0 && appendedAt < APPEND_TIME_MAX) || !this.#word(line, EVENT)) return null;
    const end = lastBrace(line);
    return end <= this.#at ? null : { partition, offset, appendedAt, event: line.subarray(this.#at, end) };
  }

  /** The whole number after a word; -1 where there is none. */
  #number(line: Uint8Array, word: Uint8Array): number {
    if (!this.#word(line, word)) return -1;
    const start = this.#at;
    let value = 0;
    for (let digit = digitAt(line, this.#at); digit >= 0; digit = digitAt(line, ++this.#at)) value = value * 10 + digit;
    return this.#at === start || this.#at - start > 15 ? -1 : value;
  }

  /** Passes over a word; a space may follow its comma and its colon. */
  #word(line: Uint8Array, word: Uint8Array): boolean {
    let at = this.#at;
    for (let i = 0; i < word.length; i++) {
      if (line[at] !== word[i]) return false;
      at++;
      if ((i === 0 || i === word.length - 1) && line[at] === SPACE) at++;
    }
    this.#at = at;
    return true;
  }
}

/** Any other form of a positioned line; null where it is none. */
export function parsePositioned(line: Uint8Array): Positioned<unknown> | null {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(line.buffer, line.byteOffset, line.length).toString('utf8'));
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || !('event' in value)) return null;
  const { partition, offset, appended_at, event } = value as Record<string, unknown>;
  const appendedAt = timeOf(appended_at);
  if (!isIndex(partition) || !isIndex(offset) || !(appendedAt < APPEND_TIME_MAX)) return null;
  return { partition, offset, appendedAt, event };
}

/** Epoch ms or RFC 3339; NaN where it is neither. */
function timeOf(value: unknown): number {
  if (typeof value === 'number') return timeOfNumber(value);
  return typeof value === 'string' ? parseTime(value) : Number.NaN;
}

/** Epoch ms of an RFC 3339 date-time; NaN where it is none. */
export function parseTime(text: string): number {
  const bytes = bytesOf(text);
  return timeOfBytes(bytes, 0, bytes.length);
}

function isIndex(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function digitAt(line: Uint8Array, at: number): number {
  const digit = (line[at] ?? 0) - 0x30;
  return digit >= 0 && digit <= 9 ? digit : -1;
}

/** Where the outer object closes; -1 where the line ends otherwise. */
function lastBrace(line: Uint8Array): number {
  let end = line.length - 1;
  while (end > 0 && (line[end] as number) <= SPACE) end--;
  return line[end] === CLOSE ? end : -1;
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
