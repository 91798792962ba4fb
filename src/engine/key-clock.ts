import type { Table } from './table.ts';

/** Float64 fields of a key with a window. */
const C = 3;
const H = 4;
const LO = 5;
/** Where a measure's fields go on. */
export const AFTER_CLOCK_F64 = 6;

/**
 * The clock of a key. A record sets it to the greatest effective time that the key has seen, `c`, and notes the
 * horizon `h`; until the next record it runs on with the horizon: clock = c + (H - h). What is not newer than `lo`, the greatest
 * value that clock - W has had, has left for good.
 */
export class KeyClock {
  private readonly table: Table;
  readonly windowMs: number;

  constructor(table: Table, windowMs: number) {
    this.table = table;
    this.windowMs = windowMs;
  }

  /** The key's first event. */
  begin(row: number, time: number, horizon: number): void {
    const { f64, stride } = this.table;
    f64[row * stride + C] = time;
    f64[row * stride + H] = horizon;
    f64[row * stride + LO] = time - this.windowMs;
  }

  /** A record of the key that is not late. @returns the new `lo`. */
  set(row: number, time: number, horizon: number): number {
    const { f64, stride } = this.table;
    const base = row * stride;
    const clock = Math.max(f64[base + C] as number, time);
    f64[base + C] = clock;
    f64[base + H] = horizon;
    return (f64[base + LO] = Math.max(f64[base + LO] as number, clock - this.windowMs));
  }

  /** Runs on to that horizon. @returns `lo`. */
  run(row: number, horizon: number): number {
    const { f64, stride } = this.table;
    const base = row * stride;
    const lo = (f64[base + C] as number) + (horizon - (f64[base + H] as number)) - this.windowMs;
    return (f64[base + LO] = Math.max(f64[base + LO] as number, lo));
  }

  lo(row: number): number {
    return this.table.f64[row * this.table.stride + LO] as number;
  }

  at(row: number, horizon: number): number {
    const { f64, stride } = this.table;
    return (f64[row * stride + C] as number) + (horizon - (f64[row * stride + H] as number));
  }

  /** True once that time has left the window. */
  isPast(row: number, time: number): boolean {
    return this.lo(row) >= time;
  }

  /** The horizon at which that time will leave the window. */
  leavesAt(row: number, time: number): number {
    const { f64, stride } = this.table;
    const base = row * stride;
    return (f64[base + H] as number) + (time + this.windowMs - (f64[base + C] as number));
  }
}
