import { greaterCapacity } from './growth.ts';
import type { SnapshotReader, SnapshotWriter } from './parts.ts';
import { words } from './table.ts';

const FIRST_WORDS = 1024;
/** Blocks have at most that many words. */
export const BLOCK_WORDS_MAX = 1 << 15;

/**
 * Blocks of 32-bit words in one array, for what grows inside a row: rings, remembered ids. A block that is given back is
 * used again for the next of its size; sizes are few. Address 0 is none. Blocks are not cleared.
 */
export class Arena {
  words = new Uint32Array(FIRST_WORDS);
  private top = 2;
  /** First free block of each size; a free block's first word is the next one. */
  private readonly free = new Uint32Array(BLOCK_WORDS_MAX + 1);

  get bytes(): number {
    return this.words.byteLength + this.free.byteLength;
  }

  take(size: number): number {
    const block = this.free[size] as number;
    if (block !== 0) {
      this.free[size] = this.words[block] as number;
      return block;
    }
    const address = this.top;
    this.top += size;
    if (this.top > this.words.length) this.grow();
    return address;
  }

  give(address: number, size: number): void {
    this.words[address] = this.free[size] as number;
    this.free[size] = address;
  }

  save(into: SnapshotWriter, name: string): void {
    into.fact(name, { top: this.top });
    into.column(`${name}.words`, this.words, this.top);
    into.column(`${name}.free`, this.free, this.free.length);
  }

  load(from: SnapshotReader, name: string): void {
    this.top = from.fact<{ top: number }>(name).top;
    this.words = new Uint32Array(Math.max(FIRST_WORDS, this.top));
    this.words.set(words(from.column(`${name}.words`)));
    this.free.set(words(from.column(`${name}.free`)));
  }

  private grow(): void {
    const grown = new Uint32Array(greaterCapacity(this.words.length, this.top));
    grown.set(this.words);
    this.words = grown;
  }
}
