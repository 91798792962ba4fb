import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fingerprint } from '../../../src/domain/event/fingerprint.ts';
import { Hasher } from '../../../src/domain/event/hasher.ts';
import { anyJson } from './arbitraries.ts';

function of(value: unknown, key = [1, 2]): string {
  const hasher = new Hasher(key);
  fingerprint(hasher, value, 0, 0);
  return `${hasher.lo}:${hasher.hi}`;
}

/** The same value with the members of every object in reverse order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, member]) => [name, reversed(member)])
      .reverse(),
  );
}

describe('fingerprint', () => {
  it('does not depend on the order of members, at any depth', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        expect(of(reversed(value))).toBe(of(value));
      }),
    );
  });

  it('differs for different values', () => {
    const canonical = (value: unknown): string => JSON.stringify(JSON.parse(JSON.stringify(value)));
    fc.assert(
      fc.property(anyJson, anyJson, (a, b) => {
        if (canonical(a) !== canonical(b) && canonical(reversed(a)) !== canonical(b)) expect(of(a)).not.toBe(of(b));
      }),
      { numRuns: 2000 },
    );
  });

  it.each<[law: string, a: string, b: string]>([
    ['numbers are doubles', '{"n":1}', '{"n":1.0}'],
    ['exponents are only a way of writing', '{"n":100}', '{"n":1e2}'],
    ['zero has no sign', '{"n":0}', '{"n":-0}'],
    ['escapes are resolved', '{"a\\u0062":"\\u20ac\\ud83d\\ude00\\/"}', '{"ab":"€😀/"}'],
    ['white space means nothing', '{"a":[1,{"b":2}]}', ' { "a" : [ 1 , { "b" : 2 } ] } '],
  ])('is the same: %s', (_law, a, b) => {
    expect(of(JSON.parse(a))).toBe(of(JSON.parse(b)));
  });

  it.each<[law: string, a: unknown, b: unknown]>([
    ['the order of elements', [1, 2], [2, 1]],
    ['nesting of arrays', [[1], 2], [1, [2]]],
    ['an array around a value', ['a'], 'a'],
    ['arrays and objects', [], {}],
    ['a string and its number', '1', 1],
    ['null, false, 0 and nothing', [null], [false]],
    ['an absent and a null member', {}, { a: null }],
    ['which name has which value', { a: 1, b: 2 }, { a: 2, b: 1 }],
    ['where a member stands', { a: { b: 1 } }, { b: { a: 1 } }],
    ['a zero byte at the end', 'a', 'a\0'],
    ['lone surrogates', '\ud800', '\ud801'],
  ])('tells apart %s', (_law, a, b) => {
    expect(of(a)).not.toBe(of(b));
  });

  it('depends on the key in both halves', () => {
    const [lo, hi] = of({ a: 1 }).split(':');
    for (const key of [
      [1, 3],
      [2, 2],
    ]) {
      const [otherLo, otherHi] = of({ a: 1 }, key).split(':');
      expect(otherLo).not.toBe(lo);
      expect(otherHi).not.toBe(hi);
    }
  });

  it('spreads every bit of the input over all 64 bits', () => {
    const hasher = new Hasher([0x12345678, 0x9abcdef0]);
    const words = new DataView(new ArrayBuffer(32));
    const flips = new Float64Array(64);
    const samples = 400;
    for (let sample = 0; sample < samples; sample++) {
      words.setInt32(0, Math.imul(sample, 0x9e3779b1));
      words.setInt32(8, sample);
      hasher.bytes(words, 0, 16, 0, 0);
      const { lo, hi } = hasher;
      const bit = sample % 128;
      words.setUint8(bit >> 3, words.getUint8(bit >> 3) ^ (1 << (bit & 7)));
      hasher.bytes(words, 0, 16, 0, 0);
      for (let i = 0; i < 64; i++) flips[i]! += ((i < 32 ? lo ^ hasher.lo : hi ^ hasher.hi) >>> (i & 31)) & 1;
    }
    // Half of the samples, give or take five standard deviations.
    for (const count of flips) expect(Math.abs(count - samples / 2)).toBeLessThan(5 * Math.sqrt(samples / 4));
  });
});
