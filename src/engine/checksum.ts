const LANES = 4;
const WORD_PRIME = 0x85ebca77 | 0;
const LANE_PRIME = 0x9e3779b1 | 0;

/**
 * A running checksum over bytes that come in multiples of 8: the lanes of xxHash32, which a processor works on side by
 * side. Against accidents, not enemies.
 */
export class Checksum {
  private readonly lanes = new Int32Array([1, 2, 3, 4]);
  /** Words so far: the next one's lane. */
  private count = 0;

  get value(): number {
    const [a, b, c, d] = this.lanes as unknown as [number, number, number, number];
    return (rotated(a, 1) + rotated(b, 7) + rotated(c, 12) + rotated(d, 18) + this.count) >>> 0;
  }

  /** The same bytes give the same sum, in however many parts they come; each begins at a multiple of 4 in its buffer. */
  add(bytes: Uint8Array): void {
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
    let i = 0;
    while (i < words.length && this.count % LANES !== 0) this.addWord(words[i++] as number);
    i = this.addRounds(words, i);
    while (i < words.length) this.addWord(words[i++] as number);
  }

  private addWord(word: number): void {
    const lane = this.count++ % LANES;
    this.lanes[lane] = mixed(this.lanes[lane] as number, word);
  }

  /** @returns how far it came */
  private addRounds(words: Int32Array, from: number): number {
    let [a, b, c, d] = this.lanes as unknown as [number, number, number, number];
    let i = from;
    for (; i + LANES <= words.length; i += LANES) {
      a = mixed(a, words[i] as number);
      b = mixed(b, words[i + 1] as number);
      c = mixed(c, words[i + 2] as number);
      d = mixed(d, words[i + 3] as number);
    }
    this.lanes.set([a, b, c, d]);
    this.count += i - from;
    return i;
  }
}

function mixed(lane: number, word: number): number {
  return Math.imul(rotated((lane + Math.imul(word, WORD_PRIME)) | 0, 13), LANE_PRIME);
}

function rotated(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
