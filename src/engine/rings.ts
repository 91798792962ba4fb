import type { Arena } from './arena.ts';
import { capacityFor } from './capacity.ts';
import type { RecordInHand } from './record.ts';
import type { Fields } from './rows.ts';

/** Words of an entry: low halves of effective time, offset and append time; their high bits share a word; then what the measure adds. */
export const ENTRY_WORDS = 4;
/**
 * uint32 fields of a ring: head, length and capacity packed into a word; its block; and a word for whoever has the ring, 0 until it is
 * set. The latter two are there only while there is a block: an entry that stands within the owner begins where they would be.
 */
const PLACE = 0;
const BLOCK = 1;
const SPARE = 2;
export const RING_FIELDS = 3;

/** In the first word: 10 bits of the head, 10 of the length, the rest is the capacity. No ring has a thousand entries (limits.ts). */
const LENGTH_SHIFT = 10;
const CAPACITY_SHIFT = 20;
const BITS = 0x3ff;
const ONE_LONGER = 1 << LENGTH_SHIFT;

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
  /** Words of one entry. */
  readonly width: number;
  /** True where the only entry of a ring stands within its owner, which is a block of the arena, from the ring's second field on. */
  readonly inline: boolean;
}

/**
 * Rings of entries that grow. An entry is known by its address in the arena. It has 16 bytes and more; times are exact until the
 * year 2109.
 */
export class Rings {
  readonly arena: Arena;
  /** Words of one entry. */
  readonly width: number;
  private readonly owners: Fields;
  private readonly field: number;
  private readonly inline: boolean;

  constructor({ arena, owners, field, width, inline }: RingsOptions) {
    this.arena = arena;
    this.owners = owners;
    this.field = field;
    this.width = width;
    this.inline = inline;
  }

  length(row: number): number {
    return (this.place(row) >>> LENGTH_SHIFT) & BITS;
  }

  /** The address of the i-th oldest entry. */
  at(row: number, index: number): number {
    const fields = this.owners.u32(row);
    const word = this.owners.word(row) + this.field;
    const place = fields[word + PLACE] as number;
    const capacity = place >>> CAPACITY_SHIFT;
    if (capacity === 0) return row + this.field + BLOCK;
    const i = (place & BITS) + index;
    return (fields[word + BLOCK] as number) + (i < capacity ? i : i - capacity) * this.width;
  }

  /** Makes room so that the new entry is the i-th oldest. @returns its address; nothing is written there yet. */
  insert(row: number, index: number): number {
    const place = this.place(row);
    const length = (place >>> LENGTH_SHIFT) & BITS;
    const isFull = length >= place >>> CAPACITY_SHIFT && (length > 0 || !this.inline);
    if (isFull) this.grow(row, place, length);
    else this.setPlace(row, place + ONE_LONGER);
    for (let i = length; i > index; i--) this.copy(this.at(row, i - 1), this.at(row, i));
    return this.at(row, index);
  }

  /** Removes the oldest entry. */
  shift(row: number): void {
    const place = this.place(row);
    const head = (place & BITS) + 1;
    const isTurning = head >= place >>> CAPACITY_SHIFT;
    this.setPlace(row, (isTurning ? place & ~BITS : place + 1) - ONE_LONGER);
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
    this.setPlace(row, this.place(row) - (length - kept) * ONE_LONGER);
  }

  /** Gives the block back; the ring is empty. */
  clear(row: number): void {
    const capacity = this.place(row) >>> CAPACITY_SHIFT;
    if (capacity !== 0) this.arena.give(this.block(row), this.width * capacity);
    this.setPlace(row, 0);
  }

  /** The owner's word. */
  spare(row: number): number {
    const fields = this.owners.u32(row);
    const word = this.owners.word(row) + this.field;
    return (fields[word + PLACE] as number) >>> CAPACITY_SHIFT === 0 ? 0 : (fields[word + SPARE] as number);
  }

  /** Only while there is a block: where there was more than one entry since the ring was empty. */
  setSpare(row: number, value: number): void {
    this.owners.u32(row)[this.owners.word(row) + this.field + SPARE] = value;
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

  /** Moves all entries to a larger block, where one more has room. */
  private grow(row: number, place: number, length: number): void {
    const capacity = place >>> CAPACITY_SHIFT;
    const roomy = capacityFor(length + 1);
    const grown = this.arena.take(this.width * roomy);
    for (let i = 0; i < length; i++) this.copy(this.at(row, i), grown + i * this.width);
    if (capacity !== 0) this.arena.give(this.block(row), this.width * capacity);
    else this.setSpare(row, 0);
    const fields = this.owners.u32(row);
    const word = this.owners.word(row) + this.field;
    fields[word + PLACE] = roomy * (1 << CAPACITY_SHIFT) + (length + 1) * ONE_LONGER;
    fields[word + BLOCK] = grown;
  }

  private block(row: number): number {
    return this.owners.u32(row)[this.owners.word(row) + this.field + BLOCK] as number;
  }

  private place(row: number): number {
    return this.owners.u32(row)[this.owners.word(row) + this.field + PLACE] as number;
  }

  private setPlace(row: number, place: number): void {
    this.owners.u32(row)[this.owners.word(row) + this.field + PLACE] = place;
  }
}
