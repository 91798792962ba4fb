import { Scratch } from './scratch.ts';

/**
 * HalfSipHash-1-3 with a 64-bit result: a keyed hash on 32-bit words, made for inputs that an attacker chooses.
 * A seed stands for what the hashed thing is (or for the name that it has), so that equal bytes in different
 * roles have different hashes. The result is left in `lo` and `hi` (int32), so that nothing is allocated.
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

  /** Hashes `words` from `start` up to `end`; eight readable bytes must follow. */
  bytes(words: DataView, start: number, end: number, seedLo: number, seedHi: number): void {
    let v0 = this.k0 ^ seedLo;
    let v1 = this.k1 ^ seedHi ^ 0xee;
    let v2 = this.k0 ^ 0x6c796765;
    let v3 = this.k1 ^ 0x74656462;
    const tail = end - ((end - start) & 3);
    const rest = (end - start) & 3;
    const lastWord = ((end - start) << 24) | (words.getInt32(tail, true) & ((1 << (rest << 3)) - 1));
    for (let at = start; at <= tail; at += 4) {
      const word = at === tail ? lastWord : words.getInt32(at, true);
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
    this.finish(v0, v1, v2, v3);
  }

  /** Hashes three words: a number, a literal, or what was combined of several hashes. */
  words(a: number, b: number, c: number, seedLo: number, seedHi: number): void {
    let v0 = this.k0 ^ seedLo;
    let v1 = this.k1 ^ seedHi ^ 0xee;
    let v2 = this.k0 ^ 0x6c796765;
    let v3 = this.k1 ^ 0x74656462;
    for (let i = 0; i < 4; i++) {
      const word = i === 0 ? a : i === 1 ? b : i === 2 ? c : 12 << 24;
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
    this.finish(v0, v1, v2, v3);
  }

  /** Hashes a text as its UTF-8 bytes. */
  text(text: string, seedLo: number, seedHi: number): void {
    this.scratch.clear();
    this.scratch.append(text);
    this.bytes(this.scratch.words, 0, this.scratch.length, seedLo, seedHi);
  }

  /** The hash of what is absent. */
  nothing(): void {
    this.lo = 0;
    this.hi = 0;
  }

  private finish(s0: number, s1: number, s2: number, s3: number): void {
    let v0 = s0;
    let v1 = s1;
    let v2 = s2 ^ 0xee;
    let v3 = s3;
    for (let round = 0; round < 6; round++) {
      if (round === 3) {
        this.lo = v1 ^ v3;
        v1 ^= 0xdd;
      }
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
    }
    this.hi = v1 ^ v3;
    // Both zero stands for "absent" everywhere.
    if ((this.lo | this.hi) === 0) this.lo = 1;
  }
}
