import type { RecordInHand } from './record.ts';
import type { Table } from './table.ts';

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
  private readonly table: Table;
  private readonly record: RecordInHand;
  private readonly field: number;
  private readonly windowMs: number;

  constructor(table: Table, field: number, windowMs: number, record: RecordInHand) {
    this.table = table;
    this.field = field;
    this.windowMs = windowMs;
    this.record = record;
  }

  /** The event in hand is the key's first. */
  begin(row: number): void {
    const { f64, stride } = this.table;
    const base = row * stride + this.field;
    const { time, horizon } = this.record;
    f64[base + C] = time;
    f64[base + H] = horizon;
    f64[base + LO] = time - this.windowMs;
  }

  /** The event in hand is of the key, and not late. Leaves `lo` in the record. */
  set(row: number): void {
    const { f64, stride } = this.table;
    const base = row * stride + this.field;
    const { record } = this;
    const clock = Math.max(f64[base + C] as number, record.time);
    f64[base + C] = clock;
    f64[base + H] = record.horizon;
    record.lo = f64[base + LO] = Math.max(f64[base + LO] as number, clock - this.windowMs);
  }

  /** Runs on to the horizon. Leaves `lo` in the record. */
  run(row: number): void {
    const { f64, stride } = this.table;
    const base = row * stride + this.field;
    const { record } = this;
    const lo = (f64[base + C] as number) + (record.horizon - (f64[base + H] as number)) - this.windowMs;
    record.lo = f64[base + LO] = Math.max(f64[base + LO] as number, lo);
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
    const { f64, stride } = this.table;
    const base = row * stride + this.field;
    return (f64[base + C] as number) + (this.record.horizon - (f64[base + H] as number));
  }

  /** True once that time has left the window. */
  isPast(row: number, time: number): boolean {
    return this.lo(row) >= time;
  }

  /** The horizon at which that time will leave the window. */
  leavesAt(row: number, time: number): number {
    const { f64, stride } = this.table;
    const base = row * stride + this.field;
    return (f64[base + H] as number) + (time + this.windowMs - (f64[base + C] as number));
  }

  private lo(row: number): number {
    return this.table.f64[row * this.table.stride + this.field + LO] as number;
  }
}
