import { type Arena, BLOCK_WORDS_MAX } from './arena.ts';
import { capacityFor } from './capacity.ts';
import type { Rows } from './rows.ts';

/** Up to here a scan of the low halves is faster than a chain. */
const SCANNED_MAX = 32;
const FIRST_IDS = 2;

/**
 * The newest event ids of each session, as 64-bit hashes, in a ring that grows up to the bound, then forgets the oldest. It takes
 * two uint32 fields of a row: the block; the place that is written next and the length, which tells the capacity.
 * A block is: low halves, high halves, and where there are many ids chains by hash (heads and nexts, 16 bits each).
 */
export class Seen {
  private readonly arena: Arena;
  private readonly rows: Rows;
  private readonly field: number;
  private readonly bound: number;

  constructor(arena: Arena, rows: Rows, field: number, bound: number) {
    this.arena = arena;
    this.rows = rows;
    this.field = field;
    this.bound = Math.min(bound, BLOCK_WORDS_MAX / 8);
  }

  /** Remembers an id. @returns true when it was remembered already. */
  add(row: number, lo: number, hi: number): boolean {
    const block = this.rows.get32(row, this.field);
    const state = this.rows.get32(row, this.field + 1);
    if (block !== 0 && this.has(block, state & 0xffff, lo, hi)) return true;
    this.append(row, lo, hi);
    return false;
  }

  clear(row: number): void {
    const { rows, field } = this;
    const block = rows.get32(row, field);
    if (block !== 0) this.arena.give(block, wordsFor(roomFor(rows.get32(row, field + 1) & 0xffff)));
    rows.set32(row, field, 0);
    rows.set32(row, field + 1, 0);
  }

  private has(block: number, length: number, lo: number, hi: number): boolean {
    const words = this.arena.u32(block);
    const at = this.arena.word(block);
    const capacity = roomFor(length);
    if (capacity > SCANNED_MAX) return hasChained(words, at, capacity, lo, hi);
    for (let i = 0; i < length; i++) {
      if (words[at + i] === lo && words[at + capacity + i] === hi) return true;
    }
    return false;
  }

  /** The length counts up to the bound, then the ring turns: the place after the newest is the oldest. */
  private append(row: number, lo: number, hi: number): void {
    const { rows, field, arena, bound } = this;
    const state = rows.get32(row, field + 1);
    const length = state & 0xffff;
    const next = state >>> 16;
    const longer = Math.min(length + 1, bound);
    const capacity = roomFor(longer);
    if (length === 0 || capacity !== roomFor(length)) this.grow(row, length, capacity);
    const block = rows.get32(row, field);
    const words = arena.u32(block);
    const at = arena.word(block);
    if (length === bound && capacity > SCANNED_MAX) unchain(words, at, capacity, next);
    words[at + next] = lo;
    words[at + capacity + next] = hi;
    if (capacity > SCANNED_MAX) chain(words, at, capacity, next);
    const after = next + 1 === bound ? 0 : next + 1;
    rows.set32(row, field + 1, after * 0x10000 + longer);
  }

  private grow(row: number, length: number, grown: number): void {
    const old = this.rows.get32(row, this.field);
    const block = this.arena.take(wordsFor(grown));
    if (old !== 0) {
      const capacity = roomFor(length);
      this.copy(old, capacity, block, grown, length);
      this.arena.give(old, wordsFor(capacity));
    }
    this.rows.set32(row, this.field, block);
  }

  private copy(old: number, capacity: number, block: number, grown: number, length: number): void {
    const { arena } = this;
    const [from, to] = [arena.u32(old), arena.u32(block)];
    const [at, into] = [arena.word(old), arena.word(block)];
    for (let i = 0; i < length; i++) {
      to[into + i] = from[at + i] as number;
      to[into + grown + i] = from[at + capacity + i] as number;
    }
    if (grown <= SCANNED_MAX) return;
    to.fill(0, into + 2 * grown, into + wordsFor(grown));
    for (let i = 0; i < length; i++) chain(to, into, grown, i);
  }
}

/*
 * Chains of a block of that capacity that begins at `at`: heads, then for each id the next one, as one more than its index; 0 ends a
 * chain.
 */

function hasChained(words: Uint32Array, at: number, capacity: number, lo: number, hi: number): boolean {
  const chains = at + 2 * capacity;
  const heads = headsFor(capacity);
  for (let i = half(words, chains, lo & (heads - 1)); i !== 0; i = half(words, chains, heads + i - 1)) {
    if (words[at + i - 1] === lo && words[at + capacity + i - 1] === hi) return true;
  }
  return false;
}

function chain(words: Uint32Array, at: number, capacity: number, index: number): void {
  const chains = at + 2 * capacity;
  const heads = headsFor(capacity);
  const bucket = (words[at + index] as number) & (heads - 1);
  setHalf(words, chains, heads + index, half(words, chains, bucket));
  setHalf(words, chains, bucket, index + 1);
}

function unchain(words: Uint32Array, at: number, capacity: number, index: number): void {
  const chains = at + 2 * capacity;
  const heads = headsFor(capacity);
  let link = (words[at + index] as number) & (heads - 1);
  while (half(words, chains, link) !== index + 1) link = heads + half(words, chains, link) - 1;
  setHalf(words, chains, link, half(words, chains, heads + index));
}

function half(words: Uint32Array, start: number, index: number): number {
  const word = words[start + (index >>> 1)] as number;
  return index & 1 ? word >>> 16 : word & 0xffff;
}

function setHalf(words: Uint32Array, start: number, index: number, value: number): void {
  const word = words[start + (index >>> 1)] as number;
  words[start + (index >>> 1)] = index & 1 ? (word & 0xffff) | (value << 16) : (word & 0xffff0000) | value;
}

/** How many ids a block has room for that holds so many. */
function roomFor(length: number): number {
  return length <= FIRST_IDS ? FIRST_IDS : capacityFor(length);
}

/** A power of two, for two to four ids each. */
function headsFor(capacity: number): number {
  return 1 << (30 - Math.clz32(capacity));
}

function wordsFor(capacity: number): number {
  return capacity > SCANNED_MAX ? capacity * 2 + ((capacity + headsFor(capacity)) >>> 1) : capacity * 2;
}
