import { Scratch } from './scratch.ts';

/**
 * A keyed 64-bit hash on 32-bit words, made for inputs that an attacker chooses: HalfSipHash with one round for a
 * word and three at the end, where both halves are taken from the final state at once. A seed stands for what the
 * hashed thing is (or for the name that it has), so that equal bytes in different roles have different hashes.
 * The result is left in `lo` and `hi` (int32, never both 0), so that nothing is allocated.
 */
export class Hasher {
  lo = 0;
  hi = 0;
  readonly key: readonly number[];
  private readonly k0: number;
  private readonly k1: number;
  private readonly scratch = new Scratch(1024);

  /** @param key two random 32-bit words */
  constructor(key: readonly number[]) {
    this.k0 = (key[0] ?? 0) | 0;
    this.k1 = (key[1] ?? 0) | 0;
    this.key = [this.k0 >>> 0, this.k1 >>> 0];
  }

  /** Hashes `words` from `start` up to `end`; four readable bytes must follow. */
  bytes(words: DataView, start: number, end: number, seedLo: number, seedHi: number): void {
    let v0 = this.k0 ^ seedLo;
    let v1 = this.k1 ^ seedHi;
    let v2 = this.k0 ^ 0x6c796765;
    let v3 = this.k1 ^ 0x74656462;
    const length = end - start;
    const tail = end - (length & 3);
    for (let at = start; at < tail; at += 4) {
      const word = words.getInt32(at, true);
      v3 ^= word;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }
    // The last word holds what is left and the length, so that no text is the beginning of another.
    const rest = words.getInt32(tail, true) & ((1 << ((length & 3) << 3)) - 1);
    this.finish(v0, v1, v2, v3, rest | (length << 24));
  }

  /** Hashes a text as its UTF-8 bytes. */
  text(text: string, seedLo: number, seedHi: number): void {
    this.scratch.clear();
    this.scratch.append(text);
    this.bytes(this.scratch.words, 0, this.scratch.length, seedLo, seedHi);
  }

  /** Hashes three words: a number, a literal, or what was combined of several hashes. */
  words(a: number, b: number, c: number, seedLo: number, seedHi: number): void {
    let v0 = this.k0 ^ seedLo;
    let v1 = this.k1 ^ seedHi;
    let v2 = this.k0 ^ 0x6c796765;
    let v3 = this.k1 ^ 0x74656462;
    for (let i = 0; i < 2; i++) {
      const word = i === 0 ? a : b;
      v3 ^= word;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }
    this.finish(v0, v1, v2, v3, c);
  }

  /** The hash of what is absent. */
  nothing(): void {
    this.lo = 0;
    this.hi = 0;
  }

  /** Takes the last word, then mixes three times. */
  private finish(s0: number, s1: number, s2: number, s3: number, word: number): void {
    let v0 = s0;
    let v1 = s1;
    let v2 = s2;
    let v3 = s3 ^ word;
    for (let round = 0; round < 4; round++) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      if (round === 0) {
        v0 ^= word;
        v2 ^= 0xff;
      }
    }
    this.lo = v1 ^ v3;
    this.hi = v0 ^ v2;
    if ((this.lo | this.hi) === 0) this.lo = 1;
  }
}
