import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Checksum } from '../../src/engine/checksum.ts';

function sumOf(...parts: readonly Uint8Array[]): number {
  const sum = new Checksum();
  for (const part of parts) sum.add(part);
  return sum.value;
}

const bytes = fc
  .array(fc.nat(255), { minLength: 1, maxLength: 40 })
  .map((all) => new Uint8Array(all.length * 8).fill(0).map((_, i) => all[i >> 3] as number));

describe('the checksum', () => {
  it('does not depend on where the bytes were parted', () => {
    fc.assert(
      fc.property(bytes, fc.nat(), (all, where) => {
        const at = (where % (all.length / 8 + 1)) * 8;
        expect(sumOf(all.slice(0, at), all.slice(at))).toBe(sumOf(all));
      }),
    );
  });

  it('shows a flipped bit, two words that changed places, and what is missing', () => {
    fc.assert(
      fc.property(bytes, fc.nat(), fc.nat(), (all, one, other) => {
        const flipped = all.slice();
        flipped[one % all.length]! ^= 1 << (other % 8);
        expect(sumOf(flipped)).not.toBe(sumOf(all));
        expect(sumOf(all.slice(8))).not.toBe(sumOf(all));
        const words = new Uint32Array(all.slice().buffer);
        const [i, j] = [one % words.length, other % words.length];
        if (words[i] === words[j]) return;
        [words[i], words[j]] = [words[j] as number, words[i] as number];
        expect(sumOf(new Uint8Array(words.buffer))).not.toBe(sumOf(all));
      }),
    );
  });
});
