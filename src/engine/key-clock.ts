import type { RecordInHand } from './record.ts';
import type { Rows } from './rows.ts';

/** Float64 fields of a key with a window, from the place that the measure gives them. */
const C = 0;
const H = 1;
const LO = 2;
/** How many words they take. */
export const CLOCK_WORDS = 3;

/**
 * The clock of a key. A record sets it to the greatest effective time that the key has seen, `c`, and notes the
 * horizon `h`; until the next record it runs on with the horizon: clock = c + (H - h). What is not newer than `lo`, the greatest
 * value that clock - W has had, has left for good.
 */
export class KeyClock {
  private readonly rows: Rows;
  private readonly record: RecordInHand;
  private readonly field: number;
  private readonly windowMs: number;

  constructor(rows: Rows, field: number, windowMs: number, record: RecordInHand) {
    this.rows = rows;
    this.field = field;
    this.windowMs = windowMs;
    this.record = record;
  }

  /** The event in hand is the key's first. */
  begin(row: number): void {
    const f64 = this.rows.f64(row);
    const at = this.rows.at(row) + this.field;
    const { time, horizon } = this.record;
    f64[at + C] = time;
    f64[at + H] = horizon;
    f64[at + LO] = time - this.windowMs;
  }

  /** The event in hand is of the key, and not late. Leaves `lo` in the record. @returns whether that is greater than it was. */
  set(row: number): boolean {
    const f64 = this.rows.f64(row);
    const at = this.rows.at(row) + this.field;
    const { record } = this;
    const clock = Math.max(f64[at + C] as number, record.time);
    const lo = f64[at + LO] as number;
    f64[at + C] = clock;
    f64[at + H] = record.horizon;
    record.lo = f64[at + LO] = Math.max(lo, clock - this.windowMs);
    return record.lo > lo;
  }

  /** Runs on to the horizon. Leaves `lo` in the record. */
  run(row: number): void {
    const f64 = this.rows.f64(row);
    const at = this.rows.at(row) + this.field;
    const { record } = this;
    const lo = (f64[at + C] as number) + (record.horizon - (f64[at + H] as number)) - this.windowMs;
    record.lo = f64[at + LO] = Math.max(f64[at + LO] as number, lo);
  }

  /** Leaves `lo` in the record. */
  show(row: number): void {
    this.record.lo = this.lo(row);
  }

  /** True when the event in hand is late. */
  isLate(row: number): boolean {
    return this.record.time <= this.lo(row);
  }

  /** What the clock shows at the horizon. */
  now(row: number): number {
    const f64 = this.rows.f64(row);
    const at = this.rows.at(row) + this.field;
    return (f64[at + C] as number) + (this.record.horizon - (f64[at + H] as number));
  }

  /** True once that time has left the window. */
  isPast(row: number, time: number): boolean {
    return this.lo(row) >= time;
  }

  /** The horizon at which that time will leave the window. */
  leavesAt(row: number, time: number): number {
    const f64 = this.rows.f64(row);
    const at = this.rows.at(row) + this.field;
    return (f64[at + H] as number) + (time + this.windowMs - (f64[at + C] as number));
  }

  private lo(row: number): number {
    return this.rows.get64(row, this.field + LO);
  }
}
