import type { Arena } from './arena.ts';
import type { RecordInHand } from './record.ts';
import type { Table } from './table.ts';

/** Words of an entry: low halves of effective time, offset and append time; their high bits share a word; then what the measure adds. */
export const ENTRY_WORDS = 4;

/** Set in an entry's fourth word when its call is known to have failed. */
const FAILED = 0x80000000;
const LOW = 0x100000000;
/** Offsets are kept in 43 bits, as the distance to the newest is always shorter. */
const OFFSET_SPAN = 2 ** 43;

/**
 * Rings of entries that grow by doubling. A ring is two fields of a table row: the block, and its head, length and
 * capacity packed into a word. Entries are 16 bytes and more; times are exact until the year 2109.
 */
export class Rings {
  readonly arena: Arena;
  /** Words of one entry. */
  readonly width: number;
  private readonly table: Table;
  private readonly field: number;

  /** @param field of the block within a row of `table`; the next field is the ring's place. */
  constructor(arena: Arena, table: Table, field: number, width: number) {
    this.arena = arena;
    this.table = table;
    this.field = field;
    this.width = width;
  }

  length(row: number): number {
    return ((this.table.u32[row * this.table.stride * 2 + this.field + 1] as number) >>> 12) & 0xfff;
  }

  /** The address of the i-th oldest entry. */
  at(row: number, index: number): number {
    const base = row * this.table.stride * 2 + this.field;
    const place = this.table.u32[base + 1] as number;
    const mask = (1 << (place >>> 24)) - 1;
    return (this.table.u32[base] as number) + (((place & 0xfff) + index) & mask) * this.width;
  }

  /** Makes room so that the new entry is the i-th oldest. @returns its address; nothing is written there yet. */
  insert(row: number, index: number): number {
    const length = this.length(row);
    this.makeRoom(row, length);
    this.table.u32[row * this.table.stride * 2 + this.field + 1]! += 1 << 12;
    for (let i = length; i > index; i--) this.copy(this.at(row, i - 1), this.at(row, i));
    return this.at(row, index);
  }

  /** Removes the oldest entry. */
  shift(row: number): void {
    const at = row * this.table.stride * 2 + this.field + 1;
    const place = this.table.u32[at] as number;
    const mask = (1 << (place >>> 24)) - 1;
    this.table.u32[at] = ((place & ~0xfff) | (((place & 0xfff) + 1) & mask)) - (1 << 12);
  }

  /** Keeps only the entries for which `keep` says so. */
  filter(row: number, keep: (address: number) => boolean): void {
    const length = this.length(row);
    let kept = 0;
    for (let i = 0; i < length; i++) {
      const from = this.at(row, i);
      if (!keep(from)) continue;
      const to = this.at(row, kept++);
      if (to !== from) this.copy(from, to);
    }
    this.table.u32[row * this.table.stride * 2 + this.field + 1]! -= (length - kept) << 12;
  }

  /** Gives the block back; the ring is empty. */
  clear(row: number): void {
    const base = row * this.table.stride * 2 + this.field;
    const block = this.table.u32[base] as number;
    if (block !== 0) this.arena.give(block, this.width << ((this.table.u32[base + 1] as number) >>> 24));
    this.table.u32[base] = 0;
    this.table.u32[base + 1] = 0;
  }

  write(address: number, record: RecordInHand): void {
    const { words } = this.arena;
    const { time, offset, appendedAt } = record;
    words[address] = time;
    words[address + 1] = offset;
    words[address + 2] = appendedAt;
    const offsetHigh = Math.floor(offset / LOW) & 0x7ff;
    words[address + 3] = Math.floor(time / LOW) | (Math.floor(appendedAt / LOW) << 10) | (offsetHigh << 20);
  }

  time(address: number): number {
    const { words } = this.arena;
    return ((words[address + 3] as number) & 0x3ff) * LOW + (words[address] as number);
  }

  appendedAt(address: number): number {
    const { words } = this.arena;
    return (((words[address + 3] as number) >>> 10) & 0x3ff) * LOW + (words[address + 2] as number);
  }

  /** @param next an offset greater than the entry's */
  offset(address: number, next: number): number {
    const { words } = this.arena;
    const low = (((words[address + 3] as number) >>> 20) & 0x7ff) * LOW + (words[address + 1] as number);
    const offset = next - (next % OFFSET_SPAN) + low;
    return offset < next ? offset : offset - OFFSET_SPAN;
  }

  failed(address: number): boolean {
    return (this.arena.words[address + 3] as number) >= FAILED;
  }

  fail(address: number): void {
    this.arena.words[address + 3]! |= FAILED;
  }

  /** A few words: a loop is faster than a call. */
  private copy(from: number, to: number): void {
    const { words } = this.arena;
    for (let i = 0; i < this.width; i++) words[to + i] = words[from + i] as number;
  }

  private makeRoom(row: number, length: number): void {
    const base = row * this.table.stride * 2 + this.field;
    const block = this.table.u32[base] as number;
    const log = (this.table.u32[base + 1] as number) >>> 24;
    if (block === 0) {
      this.table.u32[base] = this.arena.take(this.width);
      return;
    }
    if (length < 1 << log) return;
    const grown = this.arena.take(this.width << (log + 1));
    for (let i = 0; i < length; i++) this.copy(this.at(row, i), grown + i * this.width);
    this.arena.give(block, this.width << log);
    this.table.u32[base] = grown;
    this.table.u32[base + 1] = ((log + 1) << 24) | (length << 12);
  }
}
