import { Pages } from './pages.ts';
import type { SnapshotReader, SnapshotWriter } from './parts.ts';
import type { Fields } from './rows.ts';

/** Words of 32 bits per page, as a power of two. */
const PAGE_LOG = 16;
const PAGE_WORDS = 1 << PAGE_LOG;
const PAGE_MASK = PAGE_WORDS - 1;
/** At address 0 there is nothing: that many words of zeros. */
const NONE_WORDS = 16;
/** Blocks have at most that many words. */
export const BLOCK_WORDS_MAX = 1 << 15;

/**
 * Blocks of 32-bit words, for what grows inside a row: rings, remembered ids. A block that is given back is used again for
 * the next of its size; sizes are few. A block's words are `u32(address)` from `word(address)` on. Address 0 is none.
 * Blocks are not cleared.
 */
export class Arena implements Fields {
  private readonly pages = new Pages(PAGE_WORDS / 2);
  private readonly pages32 = this.pages.u32;
  private top = NONE_WORDS;
  /** First free block of each size; a free block's first word is the next one. */
  private readonly free = new Uint32Array(BLOCK_WORDS_MAX / 2 + 1);

  get bytes(): number {
    return this.pages.bytes + this.free.byteLength;
  }

  u32(address: number): Uint32Array {
    return this.pages32[address >>> PAGE_LOG] as Uint32Array;
  }

  word(address: number): number {
    return address & PAGE_MASK;
  }

  /** @param words rounded up to an even number */
  take(words: number): number {
    const size = (words + 1) & ~1;
    const block = this.free[size >>> 1] as number;
    if (block !== 0) {
      this.free[size >>> 1] = this.u32(block)[this.word(block)] as number;
      return block;
    }
    const isWhole = (this.top & PAGE_MASK) + size <= PAGE_WORDS;
    const address = isWhole ? this.top : Math.ceil(this.top / PAGE_WORDS) * PAGE_WORDS;
    this.top = address + size;
    this.pages.reserve(this.top / 2);
    return address;
  }

  /** @param words as they were taken */
  give(address: number, words: number): void {
    const half = (words + 1) >>> 1;
    this.u32(address)[this.word(address)] = this.free[half] as number;
    this.free[half] = address;
  }

  save(into: SnapshotWriter, name: string): void {
    into.fact(name, { top: this.top });
    this.pages.save(into, `${name}.words`, this.top / 2);
    into.column(`${name}.free`, this.free, this.free.length);
  }

  load(from: SnapshotReader, name: string): void {
    this.top = from.fact<{ top: number }>(name).top;
    this.pages.load(from, `${name}.words`);
    const bytes = from.column(`${name}.free`);
    this.free.set(new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2));
  }
}
