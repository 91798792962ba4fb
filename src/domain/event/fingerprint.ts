import type { Hasher } from './hasher.ts';

/**
 * A keyed 64-bit hash of a JSON value that depends on its meaning only: not on the order of members, white space,
 * escapes, or `1` against `1.0`. Members are added up, so no sorting is needed; elements of arrays are chained.
 * The scanner computes the same from bytes with the seeds below; a test holds the two equal.
 */
export const Seed = {
  args: 0x61726773,
  argsHash: 0x61686173,
  slot: 0x736c6f74,
  event: 0x65766e74,
  call: 0x63616c6c,
  idempotency: 0x6964656d,
  member: 0x6d656d62,
  name: 0x6e616d65,
  string: 0x73747269,
  number: 0x6e756d62,
  literal: 0x6c697465,
  object: 0x6f626a65,
  array: 0x61727261,
  element: 0x656c656d,
} as const;

export const Literal = { null: 1, false: 2, true: 3 } as const;

/** Leaves the fingerprint of a parsed value in the hasher. Nesting is bounded by the caller. */
export function fingerprint(hasher: Hasher, value: unknown, seedLo: number, seedHi: number): void {
  if (typeof value === 'string') hasher.text(value, seedLo ^ Seed.string, seedHi);
  else if (typeof value === 'number') fingerprintNumber(hasher, value, seedLo, seedHi);
  else if (Array.isArray(value)) fingerprintArray(hasher, value, seedLo, seedHi);
  else if (typeof value === 'object' && value !== null) fingerprintObject(hasher, value, seedLo, seedHi);
  else hasher.words(literalOf(value), 0, 0, seedLo ^ Seed.literal, seedHi);
}

const double = new Float64Array(1);
const halves = new Int32Array(double.buffer);

/** `-0` is `0`: JSON's readers do not agree on a difference, and arguments mean the same. */
export function fingerprintNumber(hasher: Hasher, value: number, seedLo: number, seedHi: number): void {
  double[0] = value + 0;
  hasher.words(halves[0] as number, halves[1] as number, 0, seedLo ^ Seed.number, seedHi);
}

function literalOf(value: unknown): number {
  if (value === null) return Literal.null;
  return value === true ? Literal.true : Literal.false;
}

function fingerprintObject(hasher: Hasher, value: object, seedLo: number, seedHi: number): void {
  let lo = 0;
  let hi = 0;
  const members = Object.entries(value);
  for (const [name, member] of members) {
    hasher.text(name, Seed.member, 0);
    fingerprint(hasher, member, hasher.lo, hasher.hi);
    lo = (lo + hasher.lo) | 0;
    hi = (hi + hasher.hi) | 0;
  }
  hasher.words(lo, hi, members.length, seedLo ^ Seed.object, seedHi);
}

function fingerprintArray(hasher: Hasher, value: readonly unknown[], seedLo: number, seedHi: number): void {
  let lo: number = Seed.element;
  let hi = 0;
  for (const element of value) {
    fingerprint(hasher, element, lo, hi);
    lo = hasher.lo;
    hi = hasher.hi;
  }
  hasher.words(lo, hi, value.length, seedLo ^ Seed.array, seedHi);
}
