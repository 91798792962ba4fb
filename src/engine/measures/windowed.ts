import { Held } from '../held.ts';
import { CLOCK_WORDS, KeyClock } from '../key-clock.ts';
import { EXACT_ENTRIES } from '../limits.ts';
import type { Core, Explanation, Measure, Test } from '../measure.ts';
import type { SnapshotReader, SnapshotWriter } from '../parts.ts';
import type { RecordInHand } from '../record.ts';
import { ENTRY_WORDS, RING_FIELDS } from '../rings.ts';
import { OWN_F64, OWN_U32 } from '../row.ts';
import { Rows } from '../rows.ts';
import { Slices } from '../slices.ts';

/** The ring's uint32 fields; then come the clock, the sum and the first event's time, those that are needed. */
const RING = OWN_U32;
const CLOCK = OWN_F64 + Math.ceil(RING_FIELDS / 2);
const AFTER_CLOCK = CLOCK + CLOCK_WORDS;

export interface WindowedOptions {
  readonly windowMs: number;
  /** Units of the amount in one unit of the threshold; null: entries are counted. */
  readonly scale: number | null;
  /** True where keys end with their sessions, so that no timer has to forget them. */
  readonly endsWithSession: boolean;
}

/** One window per key: the number of its entries, or the sum of their amounts. */
export abstract class Windowed implements Measure {
  readonly rows: Rows;
  readonly overflow = 0;
  readonly takesFenced = false;
  protected readonly record: RecordInHand;
  private readonly clock: KeyClock;
  private readonly held: Held;
  private readonly scale: number;
  readonly needsTimers: boolean;
  /** Float64 field of the first event's time; -1 where keys end with their sessions, and are never judged on whole windows. */
  private readonly first: number;

  constructor(core: Core, options: WindowedOptions) {
    const { windowMs, scale, endsWithSession } = options;
    const isSum = scale !== null;
    const afterSum = isSum ? AFTER_CLOCK + 1 : AFTER_CLOCK;
    this.record = core.record;
    this.scale = scale ?? 1;
    this.needsTimers = !endsWithSession;
    this.first = endsWithSession ? -1 : afterSum;
    this.rows = new Rows(endsWithSession ? afterSum : afterSum + 1);
    this.clock = new KeyClock(this.rows, CLOCK, windowMs, core.record);
    this.held = new Held({
      arena: core.arena,
      record: core.record,
      owners: this.rows,
      field: RING,
      sum: isSum ? { rows: this.rows, field: AFTER_CLOCK } : null,
      width: isSum ? ENTRY_WORDS + 2 : ENTRY_WORDS,
      inline: false,
      behind: new Slices(windowMs),
      exact: EXACT_ENTRIES,
      byTime: true,
    });
  }

  get bytes(): number {
    return this.held.behind.bytes;
  }

  /** Leaves the entry's amount in the record. */
  abstract read(): boolean;

  begin(row: number): void {
    this.clock.begin(row);
    if (this.first >= 0) this.setFirst(row, this.record.time);
  }

  take(row: number): boolean {
    if (this.clock.isLate(row)) return false;
    if (this.clock.set(row)) this.held.settle(row);
    this.held.add(row, false);
    return true;
  }

  settle(row: number): boolean {
    this.clock.run(row);
    return this.held.settle(row);
  }

  holds(row: number, test: Test): boolean {
    return (test.isGrowing || this.isWhole(row)) && test.holds(this.value(row));
  }

  wakesAt(row: number, test: Test, watched: boolean): number {
    if (test.isGrowing && !watched) {
      if (!this.needsTimers) return Number.POSITIVE_INFINITY;
      return this.clock.leavesAt(row, this.held.newestTime(row));
    }
    const leaves = this.judgedAgainAt(row);
    if (test.isGrowing || this.isWhole(row)) return leaves;
    return Math.min(leaves, this.clock.leavesAt(row, this.firstTime(row)));
  }

  judgedAgainAt(row: number): number {
    return this.clock.leavesAt(row, this.held.leavesAt(row));
  }

  fence(row: number, at: number): boolean {
    const dropped = this.held.fence(row, at);
    if (dropped && this.first >= 0) this.setFirst(row, Math.max(this.firstTime(row), this.held.oldestTime(row)));
    return !this.held.isEmpty(row);
  }

  clear(row: number): void {
    this.held.clear(row);
  }

  explain(row: number): Explanation {
    return {
      value: this.value(row),
      windowEnd: this.clock.now(row),
      contributors: this.held.contributors(row),
      sessions: null,
      tool: 0,
      ofTime: false,
    };
  }

  abstract useSlots(slots: readonly number[]): void;

  save(into: SnapshotWriter, name: string): void {
    this.held.behind.save(into, `${name}.behind`);
  }

  load(from: SnapshotReader, name: string): void {
    this.held.behind.load(from, `${name}.behind`);
  }

  private value(row: number): number {
    return this.held.total(row) / this.scale;
  }

  /** Once the key's first event has left (the first that a fence left), the window is whole. */
  private isWhole(row: number): boolean {
    return this.first >= 0 && this.clock.isPast(row, this.firstTime(row));
  }

  private setFirst(row: number, time: number): void {
    this.rows.set64(row, this.first, time);
  }

  private firstTime(row: number): number {
    return this.rows.get64(row, this.first);
  }
}
