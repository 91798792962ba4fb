import type { Behind } from './behind.ts';
import { type Contributors, contributorsOf } from './contributors.ts';
import { addSaturating, SUM_MAX } from './limits.ts';
import type { RecordInHand } from './record.ts';
import { Rings, type RingsOptions } from './rings.ts';
import type { Rows } from './rows.ts';

export interface HeldOptions extends RingsOptions {
  readonly record: RecordInHand;
  /** Float64 field of the sum, in these rows; null: entries are counted. */
  readonly sum: { readonly rows: Rows; readonly field: number } | null;
  readonly behind: Behind;
  /** Greatest number of exact entries, a power of two. */
  readonly exact: number;
  /** Entries in order of effective time, then arrival; or of arrival alone. */
  readonly byTime: boolean;
  /** True where failed entries that are pushed out are forgotten. */
  readonly forgetsFailed?: boolean;
  /** Called for an entry that is about to leave the exact ones, for whatever reason. */
  readonly onLeave?: ((row: number, address: number) => void) | null;
}

/**
 * The entries of windows, totals and loops: the newest exactly, in a ring; what they pushed out as amounts behind them, which the
 * ring's spare word names.
 */
export class Held {
  readonly rings: Rings;
  readonly behind: Behind;
  private readonly record: RecordInHand;
  private readonly sums: Rows | null;
  private readonly sumField: number;
  private readonly exact: number;
  private readonly byTime: boolean;
  private readonly forgetsFailed: boolean;
  private readonly onLeave: ((row: number, address: number) => void) | null;

  constructor(options: HeldOptions) {
    this.rings = new Rings(options);
    this.behind = options.behind;
    this.record = options.record;
    this.sums = options.sum?.rows ?? null;
    this.sumField = options.sum?.field ?? 0;
    this.exact = options.exact;
    this.byTime = options.byTime;
    this.forgetsFailed = options.forgetsFailed ?? false;
    this.onLeave = options.onLeave ?? null;
  }

  count(row: number): number {
    return this.rings.length(row);
  }

  /** Count or saturating sum of everything held. */
  total(row: number): number {
    const exact = this.sums === null ? this.rings.length(row) : this.sumOf(row, this.sums);
    const behind = this.rings.spare(row);
    return behind === 0 ? exact : addSaturating(exact, this.behind.total(behind));
  }

  behindTotal(row: number): number {
    const behind = this.rings.spare(row);
    return behind === 0 ? 0 : this.behind.total(behind);
  }

  isEmpty(row: number): boolean {
    return this.rings.length(row) === 0 && this.rings.spare(row) === 0;
  }

  /**
   * Inserts the event in hand at its own place, in a window that was settled.
   * @returns the entry's address, 0 when it went straight behind the exact ones.
   */
  add(row: number, failed: boolean): number {
    const { rings, record } = this;
    const length = rings.length(row);
    let index = this.byTime ? this.placeOf(row, length) : length;
    if (length === this.exact) {
      if (index === 0) {
        if (!failed || !this.forgetsFailed) this.toBehind(row, record.time, record.appendedAt, record.amount);
        return 0;
      }
      this.pushOut(row);
      index--;
    }
    const address = rings.insert(row, index);
    rings.write(address, record);
    if (failed) rings.fail(address);
    if (this.sums !== null) this.writeAmount(row, address, this.sums);
    return address;
  }

  /** Lets go what is not newer than the record's `lo`. @returns false when nothing is left. */
  settle(row: number): boolean {
    const { rings, record } = this;
    let length = rings.length(row);
    for (; length > 0; length--) {
      const oldest = rings.at(row, 0);
      if (rings.time(oldest) > record.lo) break;
      this.leave(row, oldest);
      rings.shift(row);
      if (this.sums !== null) this.subtract(row, oldest, this.sums);
    }
    const behind = this.rings.spare(row);
    if (behind === 0) return length > 0;
    this.rings.setSpare(row, this.behind.settle(behind, record.lo));
    return !this.isEmpty(row);
  }

  /** The least `lo` at which something more leaves; Infinity when never. */
  leavesAt(row: number): number {
    if (!this.byTime) return Number.POSITIVE_INFINITY;
    const oldest = this.oldestTime(row);
    const behind = this.rings.spare(row);
    return behind === 0 ? oldest : Math.min(oldest, this.behind.leavesAt(behind));
  }

  /** Effective time of the oldest exact entry by time; Infinity when there is none. */
  oldestTime(row: number): number {
    return this.rings.length(row) === 0 ? Number.POSITIVE_INFINITY : this.rings.time(this.rings.at(row, 0));
  }

  /** Effective time of the newest exact entry by time; -Infinity when there is none. */
  newestTime(row: number): number {
    const length = this.rings.length(row);
    return length === 0 ? Number.NEGATIVE_INFINITY : this.rings.time(this.rings.at(row, length - 1));
  }

  /** The greatest effective time of anything held. */
  greatestTime(row: number): number {
    let greatest = this.behind.greatestTime(this.rings.spare(row));
    for (let i = 0; i < this.rings.length(row); i++)
      greatest = Math.max(greatest, this.rings.time(this.rings.at(row, i)));
    return greatest;
  }

  /**
   * Drops what was appended at or before the fence; with the last exact entry goes what stands behind.
   * @returns true when something was dropped.
   */
  fence(row: number, at: number): boolean {
    const [count, amount] = [this.rings.length(row), this.behindTotal(row)];
    this.rings.filter(row, (address) => {
      if (this.rings.appendedAt(address) > at) return true;
      this.leave(row, address);
      return false;
    });
    if (this.sums !== null) this.sumAgain(row, this.sums);
    const behind = this.rings.spare(row);
    if (this.rings.length(row) === 0) this.clear(row);
    else if (behind !== 0) this.rings.setSpare(row, this.behind.fence(behind, at));
    return this.rings.length(row) < count || this.behindTotal(row) < amount;
  }

  clear(row: number): void {
    if (this.onLeave !== null) {
      for (let i = 0; i < this.rings.length(row); i++) this.leave(row, this.rings.at(row, i));
    }
    this.behind.remove(this.rings.spare(row));
    this.rings.clear(row);
    if (this.sums !== null) this.setSum(row, this.sums, 0);
  }

  /** What evidence names: the newest entries in their order, and the newest record of all that are exact. */
  contributors(row: number): Contributors {
    return contributorsOf(this.rings, row, this.record.nextOffset);
  }

  private placeOf(row: number, length: number): number {
    let index = length;
    while (index > 0 && this.rings.time(this.rings.at(row, index - 1)) > this.record.time) index--;
    return index;
  }

  private pushOut(row: number): void {
    const { rings } = this;
    const oldest = rings.at(row, 0);
    if (!this.forgetsFailed || !rings.failed(oldest)) {
      this.toBehind(row, rings.time(oldest), rings.appendedAt(oldest), this.amountOf(oldest));
    }
    this.leave(row, oldest);
    rings.shift(row);
    if (this.sums !== null) this.subtract(row, oldest, this.sums);
  }

  private toBehind(row: number, time: number, appendedAt: number, amount: number): void {
    this.rings.setSpare(row, this.behind.add(this.rings.spare(row), time, appendedAt, amount, this.record.lo));
  }

  private leave(row: number, address: number): void {
    if (this.onLeave !== null) this.onLeave(row, address);
  }

  private amountOf(address: number): number {
    if (this.sums === null) return 1;
    const { rings } = this;
    return rings.word(address, rings.width - 1) * 0x100000000 + rings.word(address, rings.width - 2);
  }

  private writeAmount(row: number, address: number, sums: Rows): void {
    const { amount } = this.record;
    const { rings } = this;
    rings.setWord(address, rings.width - 2, amount);
    rings.setWord(address, rings.width - 1, Math.floor(amount / 0x100000000));
    this.setSum(row, sums, addSaturating(this.sumOf(row, sums), amount));
  }

  /** The entry at that address was removed from the ring; its words are still there. */
  private subtract(row: number, address: number, sums: Rows): void {
    const sum = this.sumOf(row, sums);
    if (sum < SUM_MAX) this.setSum(row, sums, sum - this.amountOf(address));
    else this.sumAgain(row, sums);
  }

  private sumAgain(row: number, sums: Rows): void {
    let sum = 0;
    for (let i = 0; i < this.rings.length(row); i++) sum = addSaturating(sum, this.amountOf(this.rings.at(row, i)));
    this.setSum(row, sums, sum);
  }

  private sumOf(row: number, sums: Rows): number {
    return sums.get64(row, this.sumField);
  }

  private setSum(row: number, sums: Rows, sum: number): void {
    sums.set64(row, this.sumField, sum);
  }
}
