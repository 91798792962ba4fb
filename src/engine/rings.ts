import type { Arena } from './arena.ts';
import type { RecordInHand } from './record.ts';
import type { Fields } from './rows.ts';

/** Words of an entry: low halves of effective time, offset and append time; their high bits share a word; then what the measure adds. */
export const ENTRY_WORDS = 4;
/** uint32 fields of a ring: its block, and head, length and capacity packed into a word. */
export const RING_FIELDS = 2;

/** Set in an entry's fourth word when its call is known to have failed. */
const FAILED = 0x80000000;
const LOW = 0x100000000;
/** Offsets are kept in 43 bits, as the distance to the newest is always shorter. */
const OFFSET_SPAN = 2 ** 43;

export interface RingsOptions {
  readonly arena: Arena;
  /** Whose fields the rings are, and which is the first. */
  readonly owners: Fields;
  readonly field: number;
  /** Words of one entry, even. */
  readonly width: number;
  /** Where the only entry of a ring stands within its owner, which is a block of the arena; null: in a block like all others. */
  readonly inline: number | null;
}

/**
 * Rings of entries that grow by doubling. An entry is known by its address in the arena. It has 16 bytes and more; times are
 * exact until the year 2109.
 */
export class Rings {
  readonly arena: Arena;
  /** Words of one entry. */
  readonly width: number;
  private readonly owners: Fields;
  private readonly field: number;
  private readonly inline: number;

  constructor({ arena, owners, field, width, inline }: RingsOptions) {
    this.arena = arena;
    this.owners = owners;
    this.field = field;
    this.width = width;
    this.inline = inline ?? -1;
  }

  length(row: number): number {
    return (this.place(row) >>> 12) & 0xfff;
  }

  /** The address of the i-th oldest entry. */
  at(row: number, index: number): number {
    const fields = this.owners.u32(row);
    const word = this.owners.word(row) + this.field;
    const place = fields[word + 1] as number;
    const log = place >>> 24;
    if (log === 0 && this.inline >= 0) return row + this.inline;
    return (fields[word] as number) + (((place & 0xfff) + index) & ((1 << log) - 1)) * this.width;
  }

  /** Makes room so that the new entry is the i-th oldest. @returns its address; nothing is written there yet. */
  insert(row: number, index: number): number {
    const length = this.length(row);
    this.makeRoom(row, length);
    this.owners.u32(row)[this.owners.word(row) + this.field + 1]! += 1 << 12;
    for (let i = length; i > index; i--) this.copy(this.at(row, i - 1), this.at(row, i));
    return this.at(row, index);
  }

  /** Removes the oldest entry. */
  shift(row: number): void {
    const place = this.place(row);
    const mask = (1 << (place >>> 24)) - 1;
    this.setPlace(row, ((place & ~0xfff) | (((place & 0xfff) + 1) & mask)) - (1 << 12));
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
    this.setPlace(row, this.place(row) - ((length - kept) << 12));
  }

  /** Gives the block back; the ring is empty. */
  clear(row: number): void {
    const fields = this.owners.u32(row);
    const word = this.owners.word(row) + this.field;
    const block = fields[word] as number;
    if (block !== 0) this.arena.give(block, this.width << ((fields[word + 1] as number) >>> 24));
    fields[word] = 0;
    fields[word + 1] = 0;
  }

  write(address: number, record: RecordInHand): void {
    const words = this.arena.u32(address);
    const at = this.arena.word(address);
    const { time, offset, appendedAt } = record;
    words[at] = time;
    words[at + 1] = offset;
    words[at + 2] = appendedAt;
    const offsetHigh = Math.floor(offset / LOW) & 0x7ff;
    words[at + 3] = Math.floor(time / LOW) | (Math.floor(appendedAt / LOW) << 10) | (offsetHigh << 20);
  }

  time(address: number): number {
    const words = this.arena.u32(address);
    const at = this.arena.word(address);
    return ((words[at + 3] as number) & 0x3ff) * LOW + (words[at] as number);
  }

  appendedAt(address: number): number {
    const words = this.arena.u32(address);
    const at = this.arena.word(address);
    return (((words[at + 3] as number) >>> 10) & 0x3ff) * LOW + (words[at + 2] as number);
  }

  /** @param next an offset greater than the entry's */
  offset(address: number, next: number): number {
    const words = this.arena.u32(address);
    const at = this.arena.word(address);
    const low = (((words[at + 3] as number) >>> 20) & 0x7ff) * LOW + (words[at + 1] as number);
    const offset = next - (next % OFFSET_SPAN) + low;
    return offset < next ? offset : offset - OFFSET_SPAN;
  }

  failed(address: number): boolean {
    return this.word(address, 3) >= FAILED;
  }

  fail(address: number): void {
    this.setWord(address, 3, (this.word(address, 3) | FAILED) >>> 0);
  }

  /** A word of an entry. */
  word(address: number, index: number): number {
    return this.arena.u32(address)[this.arena.word(address) + index] as number;
  }

  setWord(address: number, index: number, value: number): void {
    this.arena.u32(address)[this.arena.word(address) + index] = value;
  }

  /** A few words: a loop is faster than a call. */
  private copy(from: number, to: number): void {
    const { arena } = this;
    const [source, target] = [arena.u32(from), arena.u32(to)];
    const [at, into] = [arena.word(from), arena.word(to)];
    for (let i = 0; i < this.width; i++) target[into + i] = source[at + i] as number;
  }

  private makeRoom(row: number, length: number): void {
    const place = this.place(row);
    const log = place >>> 24;
    if (length < 1 << log && (log > 0 || this.inline >= 0)) return;
    const block = this.block(row);
    if (length < 1 << log) {
      if (block === 0) this.setBlock(row, this.arena.take(this.width));
      return;
    }
    const grown = this.arena.take(this.width << (log + 1));
    for (let i = 0; i < length; i++) this.copy(this.at(row, i), grown + i * this.width);
    if (block !== 0) this.arena.give(block, this.width << log);
    this.setBlock(row, grown);
    this.setPlace(row, ((log + 1) << 24) | (length << 12));
  }

  private block(row: number): number {
    return this.owners.u32(row)[this.owners.word(row) + this.field] as number;
  }

  private setBlock(row: number, block: number): void {
    this.owners.u32(row)[this.owners.word(row) + this.field] = block;
  }

  private place(row: number): number {
    return this.owners.u32(row)[this.owners.word(row) + this.field + 1] as number;
  }

  private setPlace(row: number, place: number): void {
    this.owners.u32(row)[this.owners.word(row) + this.field + 1] = place;
  }
}
