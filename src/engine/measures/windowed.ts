import { Held } from '../held.ts';
import { AFTER_CLOCK_F64, KeyClock } from '../key-clock.ts';
import { EXACT_ENTRIES } from '../limits.ts';
import type { Core, Explanation, Measure, Test } from '../measure.ts';
import type { SnapshotReader, SnapshotWriter } from '../parts.ts';
import type { RecordInHand } from '../record.ts';
import { ENTRY_WORDS } from '../rings.ts';
import { Slices } from '../slices.ts';
import { Table } from '../table.ts';

/** The ring takes three uint32 fields; then the effective time of the key's first event, then the sum. */
const RING = AFTER_CLOCK_F64 * 2;
const FIRST = AFTER_CLOCK_F64 + 2;
const SUM = FIRST + 1;

export interface WindowedOptions {
  readonly windowMs: number;
  /** The entry's amount as an integer, one where entries are counted; 0 or NaN: no entry. */
  readonly amount: (record: RecordInHand) => number;
  /** Units of the amount in one unit of the threshold; null: entries are counted. */
  readonly scale: number | null;
  /** True where keys end with their sessions, so that no timer has to forget them. */
  readonly endsWithSession: boolean;
}

/** One window per key: the number of its entries, or the sum of their amounts. */
export abstract class Windowed implements Measure {
  readonly rows: Table;
  readonly overflow = 0;
  readonly takesFenced = false;
  private readonly clock: KeyClock;
  private readonly held: Held;
  private readonly options: WindowedOptions;
  private amount = 0;

  constructor(core: Core, options: WindowedOptions) {
    const isSum = options.scale !== null;
    this.options = options;
    this.rows = new Table(isSum ? SUM + 1 : FIRST + 1);
    this.clock = new KeyClock(this.rows, options.windowMs);
    this.held = new Held({
      arena: core.arena,
      table: this.rows,
      fields: { ring: RING, sum: isSum ? SUM : -1 },
      width: isSum ? ENTRY_WORDS + 2 : ENTRY_WORDS,
      behind: new Slices(options.windowMs),
      exact: EXACT_ENTRIES,
      byTime: true,
    });
  }

  get bytes(): number {
    return this.rows.bytes + this.held.behind.bytes;
  }

  read(record: RecordInHand): boolean {
    this.amount = this.options.amount(record);
    return this.amount > 0;
  }

  begin(row: number, record: RecordInHand): void {
    this.clock.begin(row, record.time, record.horizon);
    this.rows.f64[row * this.rows.stride + FIRST] = record.time;
  }

  take(row: number, record: RecordInHand): boolean {
    if (record.time <= this.clock.lo(row)) return false;
    const lo = this.clock.set(row, record.time, record.horizon);
    this.held.settle(row, lo);
    this.held.add(row, record, this.amount, lo);
    return true;
  }

  settle(row: number, horizon: number): boolean {
    return this.held.settle(row, this.clock.run(row, horizon));
  }

  holds(row: number, _horizon: number, test: Test): boolean {
    return (test.isGrowing || this.clock.isPast(row, this.first(row))) && test.holds(this.value(row));
  }

  wakesAt(row: number, _horizon: number, test: Test, watched: boolean): number {
    if (test.isGrowing && !watched) return this.options.endsWithSession ? Number.POSITIVE_INFINITY : this.emptyAt(row);
    if (test.isGrowing || this.clock.isPast(row, this.first(row))) return this.leavesAt(row);
    return Math.min(this.leavesAt(row), this.clock.leavesAt(row, this.first(row)));
  }

  judgedAgainAt(row: number): number {
    return this.leavesAt(row);
  }

  fence(row: number, at: number): boolean {
    return this.held.fence(row, at);
  }

  clear(row: number): void {
    this.held.clear(row);
  }

  explain(row: number, horizon: number, nextOffset: number): Explanation {
    return {
      value: this.value(row),
      windowEnd: this.clock.at(row, horizon),
      contributors: this.held.contributors(row, nextOffset),
      sessions: null,
      tool: 0,
      ofTime: false,
    };
  }

  abstract useSlots(slots: readonly number[]): void;

  save(into: SnapshotWriter, name: string): void {
    this.rows.save(into, name);
    this.held.behind.save(into, `${name}.behind`);
  }

  load(from: SnapshotReader, name: string): void {
    this.rows.load(from, name);
    this.held.behind.load(from, `${name}.behind`);
  }

  private value(row: number): number {
    return this.held.total(row) / (this.options.scale ?? 1);
  }

  /** Effective time of the key's first event: once it has left, the window is whole. */
  private first(row: number): number {
    return this.rows.f64[row * this.rows.stride + FIRST] as number;
  }

  private leavesAt(row: number): number {
    return this.clock.leavesAt(row, this.held.leavesAt(row));
  }

  private emptyAt(row: number): number {
    return this.clock.leavesAt(row, this.held.newestTime(row));
  }
}
