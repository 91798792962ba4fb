import type { Arena } from './arena.ts';
import type { Behind } from './behind.ts';
import { capacityOfStep } from './capacity.ts';
import { Held } from './held.ts';
import { EXACT_ENTRIES } from './limits.ts';
import type { RecordInHand } from './record.ts';
import type { Rows } from './rows.ts';

/** uint32 fields of an operation: half of its fingerprint, and its ring, in which the only entry stands while there is one. */
const HI = 0;
const RING = 1;
const ENTRY = RING + 1;

/** uint32 fields of a key's row, from the place that the measure gives them: the block; its size, its first cell and their number in a word. */
const BLOCK = 0;
const PLACE = 1;
export const OPERATION_FIELDS = 2;

/** A key has at most that many operations. */
export const OPERATIONS_MAX = 1024;
/** Sizes up to here are not worth a smaller block. */
const SMALL_SIZE = 3;
/** Up to that many words a loop is faster than a call. */
const COPIED_BY_LOOP = 128;

export interface OperationsOptions {
  readonly arena: Arena;
  readonly record: RecordInHand;
  /** The keys' rows, and where in them the first of two uint32 fields stands. */
  readonly rows: Rows;
  readonly field: number;
  /** Words of an entry. */
  readonly width: number;
  readonly behind: Behind;
  readonly byTime: boolean;
  readonly forgetsFailed: boolean;
  readonly onLeave: ((operation: number, address: number) => void) | null;
}

/**
 * The operations of every key: each the calls with one fingerprint, in the order of their newest calls. They are cells of one block
 * of the arena, side by side behind the other halves of their fingerprints, and found by looking through those. An operation is
 * known by its address, until one of its key is added, called again or removed.
 */
export class Operations {
  readonly held: Held;
  private readonly arena: Arena;
  private readonly rows: Rows;
  private readonly field: number;
  /** Words of a cell, without the one before all cells. */
  private readonly width: number;
  private readonly scratch: Uint32Array;

  constructor({ rows, field, width, ...held }: OperationsOptions) {
    const { arena } = held;
    this.arena = arena;
    this.rows = rows;
    this.field = field;
    this.width = ENTRY + width;
    this.scratch = new Uint32Array(this.width);
    const exact = EXACT_ENTRIES;
    this.held = new Held({ ...held, owners: arena, field: RING, width, inline: true, sum: null, exact });
  }

  get bytes(): number {
    return this.held.behind.bytes;
  }

  count(row: number): number {
    return this.place(row) & 0xfff;
  }

  /** The operation called last; 0 when there is none. */
  newest(row: number): number {
    const count = this.count(row);
    return count === 0 ? 0 : this.cell(row, count - 1);
  }

  /** The operation called longest ago; 0 when there is none. */
  oldest(row: number): number {
    return this.count(row) === 0 ? 0 : this.cell(row, 0);
  }

  lo(row: number, operation: number): number {
    const block = this.block(row);
    return this.arena.u32(block)[this.arena.word(block) + this.index(row, operation)] as number;
  }

  hi(operation: number): number {
    return this.arena.u32(operation)[this.arena.word(operation) + HI] as number;
  }

  /** 0 when there is none. */
  find(row: number, lo: number, hi: number): number {
    const place = this.place(row);
    const count = place & 0xfff;
    if (count === 0) return 0;
    const first = (place >>> 12) & 0xfff;
    const block = this.block(row);
    const words = this.arena.u32(block);
    const at = this.arena.word(block);
    const cells = capacityOfStep(place >>> 24);
    for (let i = first + count - 1; i >= first; i--) {
      if (words[at + i] !== lo) continue;
      const cell = cells + i * this.width;
      if (words[at + cell + HI] === hi) return block + cell;
    }
    return 0;
  }

  /** A new operation of the key, as the one called last. */
  add(row: number, lo: number, hi: number): number {
    this.makeRoom(row);
    const place = this.place(row) + 1;
    this.setPlace(row, place);
    const index = ((place >>> 12) & 0xfff) + (place & 0xfff) - 1;
    const block = this.block(row);
    const words = this.arena.u32(block);
    const at = this.arena.word(block);
    const cell = capacityOfStep(place >>> 24) + index * this.width;
    words[at + index] = lo;
    words[at + cell + HI] = hi;
    words[at + cell + RING] = 0;
    return block + cell;
  }

  /** The operation is called again. @returns where it is now */
  touch(row: number, operation: number): number {
    const newest = this.newest(row);
    if (newest === operation) return operation;
    const { width, scratch } = this;
    const words = this.arena.u32(operation);
    const at = this.arena.word(operation);
    const lo = this.lo(row, operation);
    for (let i = 0; i < width; i++) scratch[i] = words[at + i] as number;
    this.close(row, operation, newest);
    const last = this.arena.word(newest);
    for (let i = 0; i < width; i++) words[last + i] = scratch[i] as number;
    words[this.arena.word(this.block(row)) + this.index(row, newest)] = lo;
    return newest;
  }

  remove(row: number, operation: number): void {
    this.held.clear(operation);
    if (this.count(row) === 1) {
      this.giveBlock(row);
      return;
    }
    const first = this.cell(row, 0);
    if (operation === first) {
      this.setPlace(row, this.place(row) + (1 << 12) - 1);
      return;
    }
    this.close(row, operation, this.newest(row));
    this.setPlace(row, this.place(row) - 1);
  }

  /** Removes all others. @param kept 0: all */
  keepOnly(row: number, kept: number): void {
    for (let i = this.count(row) - 1; i >= 0; i--) {
      const operation = this.cell(row, i);
      if (operation !== kept) this.held.clear(operation);
    }
    if (kept === 0) {
      if (this.block(row) !== 0) this.giveBlock(row);
      return;
    }
    this.setPlace(row, ((this.place(row) & 0xff000000) | (this.index(row, kept) << 12) | 1) >>> 0);
    if (this.size(row) > SMALL_SIZE) this.move(row, 0);
  }

  /** From the one called last to the one called longest ago; the visitor may remove the one it is shown. */
  visit(row: number, visit: (operation: number) => void): void {
    for (let i = this.count(row) - 1; i >= 0; i--) visit(this.cell(row, i));
  }

  /** Moves the operations behind one up by a place, over it. */
  private close(row: number, operation: number, newest: number): void {
    const words = this.arena.u32(operation);
    const at = this.arena.word(operation);
    moveDown(words, at, this.width, newest - operation);
    moveDown(
      words,
      this.arena.word(this.block(row)) + this.index(row, operation),
      1,
      (newest - operation) / this.width,
    );
  }

  /** One more than there are, and a quarter in reserve: then cells move rarely when as many go as come. */
  private makeRoom(row: number): void {
    const count = this.count(row);
    if (count === 0) {
      this.rows.set32(row, this.field + BLOCK, this.arena.take(this.width + 1));
      this.setPlace(row, 0);
      return;
    }
    const place = this.place(row);
    const capacity = capacityOfStep(place >>> 24);
    if (((place >>> 12) & 0xfff) + count < capacity) return;
    const needed = count + 1 + (count >>> 2);
    let size = 0;
    while (capacityOfStep(size) < needed) size++;
    this.move(row, size);
  }

  /** To the beginning of a block of that size. */
  private move(row: number, size: number): void {
    const { arena, width } = this;
    const place = this.place(row);
    const old = place >>> 24;
    const first = (place >>> 12) & 0xfff;
    const count = place & 0xfff;
    const block = this.block(row);
    const to = size === old ? block : arena.take(capacityOfStep(size) * (width + 1));
    const [from, into] = [arena.word(block), arena.word(to)];
    const cells = from + capacityOfStep(old) + first * width;
    copyWords(arena.u32(block), from + first, arena.u32(to), into, count);
    copyWords(arena.u32(block), cells, arena.u32(to), into + capacityOfStep(size), count * width);
    if (size !== old) arena.give(block, capacityOfStep(old) * (width + 1));
    this.rows.set32(row, this.field + BLOCK, to);
    this.setPlace(row, (size << 24) | count);
  }

  private giveBlock(row: number): void {
    this.arena.give(this.block(row), capacityOfStep(this.size(row)) * (this.width + 1));
    this.rows.set32(row, this.field + BLOCK, 0);
    this.setPlace(row, 0);
  }

  private cell(row: number, index: number): number {
    const place = this.place(row);
    return this.block(row) + capacityOfStep(place >>> 24) + (((place >>> 12) & 0xfff) + index) * this.width;
  }

  /** Among all cells of the block. */
  private index(row: number, operation: number): number {
    return (operation - this.block(row) - capacityOfStep(this.size(row))) / this.width;
  }

  private size(row: number): number {
    return this.place(row) >>> 24;
  }

  private block(row: number): number {
    return this.rows.get32(row, this.field + BLOCK);
  }

  private place(row: number): number {
    return this.rows.get32(row, this.field + PLACE);
  }

  private setPlace(row: number, place: number): void {
    this.rows.set32(row, this.field + PLACE, place);
  }
}

/** Moves `length` words down by `by`, over what stands there. */
function moveDown(words: Uint32Array, at: number, by: number, length: number): void {
  copyWords(words, at + by, words, at, length);
}

function copyWords(from: Uint32Array, at: number, to: Uint32Array, into: number, length: number): void {
  if (length > COPIED_BY_LOOP) to.set(from.subarray(at, at + length), into);
  else for (let i = 0; i < length; i++) to[into + i] = from[at + i] as number;
}
