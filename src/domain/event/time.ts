import { TIME_MAX } from './limits.ts';

const DAY_MS = 86_400_000;
const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/** Epoch ms (rounded down) of a number of milliseconds; NaN when it is no time that we take. */
export function timeOfNumber(value: number): number {
  return value >= 0 && value < TIME_MAX ? Math.floor(value) : Number.NaN;
}

/**
 * Epoch ms (rounded down) of an RFC 3339 date-time in bytes; NaN when it is none or before 1970.
 * A space may stand for the `T`; a leap second is the first second of the next minute.
 */
export function timeOfBytes(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < 20 || end - start > 64) return Number.NaN;
  const year = digits(bytes, start, 4);
  const month = digits(bytes, start + 5, 2);
  const day = digits(bytes, start + 8, 2);
  const hour = digits(bytes, start + 11, 2);
  const minute = digits(bytes, start + 14, 2);
  const second = digits(bytes, start + 17, 2);
  if (!separated(bytes, start) || !(month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month)))
    return Number.NaN;
  if (!(hour <= 23 && minute <= 59 && second <= 60)) return Number.NaN;
  const fraction = fractionEnd(bytes, start + 19, end);
  const offset = offsetMinutes(bytes, fraction, end);
  const time =
    daysSinceEpoch(year, month, day) * DAY_MS +
    ((hour * 60 + minute - offset) * 60 + second) * 1000 +
    milliseconds(bytes, start + 20, fraction);
  return time >= 0 ? time : Number.NaN;
}

/** The value of n digits; NaN when one is none. */
function digits(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = at; i < at + count; i++) {
    const digit = (bytes[i] as number) - 0x30;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

function separated(bytes: Uint8Array, at: number): boolean {
  const between = bytes[at + 10];
  return (
    bytes[at + 4] === 0x2d &&
    bytes[at + 7] === 0x2d &&
    (between === 0x54 || between === 0x74 || between === 0x20) &&
    bytes[at + 13] === 0x3a &&
    bytes[at + 16] === 0x3a
  );
}

/** Where the offset begins: behind `.` and its digits, or right here. A `.` without digits leads nowhere. */
function fractionEnd(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] !== 0x2e) return at;
  let next = at + 1;
  while (next < end && digits(bytes, next, 1) >= 0) next++;
  return next === at + 1 ? end : next;
}

function milliseconds(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let i = 0; i < 3; i++) value = value * 10 + (from + i < to ? (bytes[from + i] as number) - 0x30 : 0);
  return value;
}

/** Minutes of `Z`, `+hh:mm`, `-hh:mm` that reaches exactly to the end; NaN for anything else. */
function offsetMinutes(bytes: Uint8Array, at: number, end: number): number {
  const sign = bytes[at];
  if (end - at === 1) return sign === 0x5a || sign === 0x7a ? 0 : Number.NaN;
  if (end - at !== 6 || bytes[at + 3] !== 0x3a) return Number.NaN;
  const hours = digits(bytes, at + 1, 2);
  const minutes = digits(bytes, at + 4, 2);
  if (!(hours <= 23 && minutes <= 59)) return Number.NaN;
  if (sign === 0x2b) return hours * 60 + minutes;
  return sign === 0x2d ? -(hours * 60 + minutes) : Number.NaN;
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

function daysIn(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function daysSinceEpoch(year: number, month: number, day: number): number {
  const before = year - 1;
  const leapDays = Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400) - 477;
  const inYear = (DAYS_BEFORE_MONTH[month - 1] as number) + (month > 2 && isLeap(year) ? 1 : 0) + day - 1;
  return (year - 1970) * 365 + leapDays + inYear;
}
