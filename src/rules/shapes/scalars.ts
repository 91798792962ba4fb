import { isScalar } from 'yaml';
import { DURATION_PATTERN, meantDuration, parseDuration } from '../../domain/duration.ts';
import { nearest, orList } from '../../domain/nearest.ts';
import type { Cursor } from '../reader.ts';
import { refuse, type Shape } from './shape.ts';

/** Text, as written: `tenant: 0042` is the id `0042`, not a number. */
export function text(options: {
  expected: string;
  pattern?: string;
  shortest?: number;
  longest?: number;
}): Shape<string> {
  const { expected, pattern, shortest = 1, longest = 4_096 } = options;
  const form = pattern === undefined ? null : new RegExp(pattern, 'u');
  return {
    schema: {
      type: ['string', 'number', 'boolean'],
      minLength: shortest,
      maxLength: longest,
      ...(pattern === undefined ? {} : { pattern }),
    },
    read: (at, name, reader) => {
      const value = textOf(at);
      const fits = value !== null && value.length >= shortest && value.length <= longest && value.isWellFormed();
      return fits && (form === null || form.test(value)) ? value : refuse(at, name, expected, reader);
    },
  };
}

export function word<const W extends string>(words: readonly W[]): Shape<W> {
  return {
    schema: { type: 'string', enum: words },
    read: (at, name, reader) => {
      const value = textOf(at);
      const found = words.find((candidate) => candidate === value);
      return found ?? refuse(at, name, expectedWord(value, words), reader);
    },
  };
}

/** `info, warning or critical (did you mean critical?)`. */
export function expectedWord(written: string | null, words: readonly string[]): string {
  const near = written === null ? null : nearest(written, words);
  return near === null ? orList(words) : `${orList(words)} (did you mean ${near}?)`;
}

export const flag: Shape<boolean> = {
  schema: { type: 'boolean' },
  read: (at, name, reader) => {
    const value = isScalar(at.node) ? at.node.value : null;
    return typeof value === 'boolean' ? value : refuse(at, name, 'true or false', reader);
  },
};

/** A finite number; `expected` says which. */
export function number(options: { min?: number; max?: number; integer?: boolean; expected: string }): Shape<number> {
  const { min, max, integer = false, expected } = options;
  return {
    schema: {
      type: integer ? 'integer' : 'number',
      ...(min === undefined ? {} : { minimum: min }),
      ...(max === undefined ? {} : { maximum: max }),
    },
    read: (at, name, reader) => {
      const value = isScalar(at.node) ? at.node.value : null;
      const fits = typeof value === 'number' && Number.isFinite(value) && (!integer || Number.isSafeInteger(value));
      return fits && value >= (min ?? -Infinity) && value <= (max ?? Infinity)
        ? value
        : refuse(at, name, isQuotedNumber(value) ? `${expected}, without quotes` : expected, reader);
    },
  };
}

function isQuotedNumber(value: unknown): boolean {
  return typeof value === 'string' && /^-?[0-9.]+$/.test(value);
}

const DURATION_EXPECTED = 'a duration like 500ms, 30s, 5m, 1h or 7d, up to 366d';

/** A duration in ms, from `minMs` up. */
export function duration(minMs: number, expected = DURATION_EXPECTED): Shape<number> {
  return {
    schema: { type: 'string', pattern: DURATION_PATTERN },
    read: (at, name, reader) => {
      const written = textOf(at) ?? '';
      const ms = parseDuration(written);
      if (ms !== null && ms >= minMs) return ms;
      const meant = ms === null ? meantDuration(written) : null;
      return refuse(at, name, meant === null ? expected : `${expected} (did you mean ${meant}?)`, reader);
    },
  };
}

const RFC_3339 = '^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$';
const RFC_3339_FORM = new RegExp(RFC_3339);

/** A point in time, epoch ms. */
export const timestamp: Shape<number> = {
  schema: { type: 'string', pattern: RFC_3339 },
  read: (at, name, reader) => {
    const written = textOf(at) ?? '';
    const ms = RFC_3339_FORM.test(written) && realDay(written) ? Date.parse(written.toUpperCase()) : Number.NaN;
    return Number.isNaN(ms) ? refuse(at, name, 'a time like 2027-01-01T00:00:00Z', reader) : ms;
  },
};

/** February has no 30th: `Date.parse` would quietly take the next month's 2nd. */
function realDay(written: string): boolean {
  const day = written.slice(0, 10);
  const midnight = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(midnight) && new Date(midnight).toISOString().slice(0, 10) === day;
}

/** What was written, unquoted; null where there is no single value. */
export function textOf(at: Cursor): string | null {
  if (!isScalar(at.node) || at.node.value === null) return null;
  return typeof at.node.value === 'string' ? at.node.value : (at.node.source ?? String(at.node.value));
}
