import { type Arena, BLOCK_WORDS_MAX } from './arena.ts';
import type { Table } from './table.ts';

/** Up to here a scan of the low halves is faster than a chain. */
const SCANNED_MAX = 32;
const FIRST_IDS = 4;

/** uint32 fields of a row: the block; capacity (log 2) and length; the place that is written next. */
export interface SeenFields {
  readonly block: number;
}

/**
 * The newest event ids of each session, as 64-bit hashes, in a ring that grows by doubling up to the bound, then forgets
 * the oldest. A block is: low halves, high halves, and from 64 ids on chains by hash (heads and nexts, 16 bits each).
 */
export class Seen {
  private readonly arena: Arena;
  private readonly table: Table;
  private readonly field: number;
  private readonly bound: number;

  constructor(arena: Arena, table: Table, field: number, bound: number) {
    this.arena = arena;
    this.table = table;
    this.field = field;
    this.bound = Math.min(bound, BLOCK_WORDS_MAX / 8);
  }

  /** Remembers an id. @returns true when it was remembered already. */
  add(row: number, lo: number, hi: number): boolean {
    const base = row * this.table.stride * 2 + this.field;
    const capacity = this.capacity(base);
    if (capacity > 0 && this.has(base, capacity, lo, hi)) return true;
    this.append(base, lo, hi);
    return false;
  }

  clear(row: number): void {
    const base = row * this.table.stride * 2 + this.field;
    const capacity = this.capacity(base);
    if (capacity > 0) this.arena.give(this.table.u32[base] as number, wordsFor(capacity));
    this.table.u32[base] = 0;
    this.table.u32[base + 1] = 0;
  }

  private capacity(base: number): number {
    return this.table.u32[base] === 0 ? 0 : 1 << ((this.table.u32[base + 1] as number) >>> 28);
  }

  private has(base: number, capacity: number, lo: number, hi: number): boolean {
    const { words } = this.arena;
    const block = this.table.u32[base] as number;
    if (capacity > SCANNED_MAX) return this.hasChained(block, capacity, lo, hi);
    const length = (this.table.u32[base + 1] as number) & 0x3fff;
    for (let i = 0; i < length; i++) {
      if (words[block + i] === lo && words[block + capacity + i] === hi) return true;
    }
    return false;
  }

  private hasChained(block: number, capacity: number, lo: number, hi: number): boolean {
    const { words } = this.arena;
    for (let at = this.head(block, capacity, lo); at !== 0; at = this.nextOf(block, capacity, at - 1)) {
      if (words[block + at - 1] === lo && words[block + capacity + at - 1] === hi) return true;
    }
    return false;
  }

  /** The length counts up to the bound, then the ring turns: the place after the newest is the oldest. */
  private append(base: number, lo: number, hi: number): void {
    const capacity = this.room(base);
    const { u32 } = this.table;
    const { words } = this.arena;
    const state = u32[base + 1] as number;
    const length = state & 0x3fff;
    const next = (state >>> 14) & 0x3fff;
    const block = u32[base] as number;
    if (length === this.bound && capacity > SCANNED_MAX) this.unchain(block, capacity, next);
    words[block + next] = lo;
    words[block + capacity + next] = hi;
    if (capacity > SCANNED_MAX) this.chain(block, capacity, next);
    const after = next + 1 === this.bound ? 0 : next + 1;
    u32[base + 1] = (state & 0xf0000000) | (after << 14) | Math.min(length + 1, this.bound);
  }

  /** Makes room for one more id where the bound allows it. @returns the capacity. */
  private room(base: number): number {
    const { u32 } = this.table;
    const capacity = this.capacity(base);
    const length = (u32[base + 1] as number) & 0x3fff;
    if (length < capacity || (length === this.bound && capacity > 0)) return capacity;
    const grown = capacity === 0 ? FIRST_IDS : capacity * 2;
    const block = this.arena.take(wordsFor(grown));
    const { words } = this.arena;
    const old = u32[base] as number;
    for (let i = 0; i < length; i++) {
      words[block + i] = words[old + i] as number;
      words[block + grown + i] = words[old + capacity + i] as number;
    }
    if (capacity > 0) this.arena.give(old, wordsFor(capacity));
    u32[base] = block;
    u32[base + 1] = (Math.log2(grown) << 28) | (length << 14) | length;
    if (grown > SCANNED_MAX) {
      words.fill(0, block + 2 * grown, block + 3 * grown);
      for (let i = 0; i < length; i++) this.chain(block, grown, i);
    }
    return grown;
  }

  private chain(block: number, capacity: number, at: number): void {
    const bucket = (this.arena.words[block + at] as number) & (capacity - 1);
    this.setHalf(block + 2 * capacity, capacity + at, this.half(block + 2 * capacity, bucket));
    this.setHalf(block + 2 * capacity, bucket, at + 1);
  }

  private unchain(block: number, capacity: number, at: number): void {
    const chains = block + 2 * capacity;
    const bucket = (this.arena.words[block + at] as number) & (capacity - 1);
    let link = bucket;
    while (this.half(chains, link) !== at + 1) link = capacity + this.half(chains, link) - 1;
    this.setHalf(chains, link, this.half(chains, capacity + at));
  }

  private head(block: number, capacity: number, lo: number): number {
    return this.half(block + 2 * capacity, lo & (capacity - 1));
  }

  private nextOf(block: number, capacity: number, at: number): number {
    return this.half(block + 2 * capacity, capacity + at);
  }

  private half(start: number, index: number): number {
    const word = this.arena.words[start + (index >>> 1)] as number;
    return index & 1 ? word >>> 16 : word & 0xffff;
  }

  private setHalf(start: number, index: number, value: number): void {
    const { words } = this.arena;
    const word = words[start + (index >>> 1)] as number;
    words[start + (index >>> 1)] = index & 1 ? (word & 0xffff) | (value << 16) : (word & 0xffff0000) | value;
  }
}

function wordsFor(capacity: number): number {
  return capacity > SCANNED_MAX ? capacity * 3 : capacity * 2;
}
