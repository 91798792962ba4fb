import type { Behind } from './behind.ts';
import { addSaturating, SLICES, SUM_MAX } from './limits.ts';
import type { SnapshotReader, SnapshotWriter } from './parts.ts';
import { Rows } from './rows.ts';
import { Table } from './table.ts';

/** Index of the oldest slice that may hold something; its slot in the rows is the index modulo 64. */
const OLDEST = 0;
const TOTAL = 1;
const AMOUNTS = 2;
const FIRST_APPENDED = AMOUNTS + SLICES;
const WORDS = FIRST_APPENDED + SLICES;

/**
 * Behind a window: amounts by slice. Slice i is [i·W/64, (i+1)·W/64) of epoch time and counts while it lies wholly inside
 * the window: i·W/64 > lo. So there are never more than 64.
 */
export class Slices implements Behind {
  private readonly rows = new Rows(WORDS);
  private readonly table = new Table(this.rows);
  private readonly windowMs: number;

  constructor(windowMs: number) {
    this.windowMs = windowMs;
  }

  get bytes(): number {
    return this.table.bytes;
  }

  add(row: number, time: number, appendedAt: number, amount: number, lo: number): number {
    const slice = Math.floor((time * SLICES) / this.windowMs);
    if (slice * this.windowMs <= lo * SLICES) return row;
    const kept = row === 0 ? this.begin(slice) : row;
    const f64 = this.rows.f64(kept);
    const base = this.rows.at(kept);
    const slot = slice % SLICES;
    if (slice < (f64[base + OLDEST] as number)) f64[base + OLDEST] = slice;
    const before = f64[base + AMOUNTS + slot] as number;
    const first = f64[base + FIRST_APPENDED + slot] as number;
    f64[base + FIRST_APPENDED + slot] = before === 0 ? appendedAt : Math.min(first, appendedAt);
    f64[base + AMOUNTS + slot] = addSaturating(before, amount);
    f64[base + TOTAL] = addSaturating(f64[base + TOTAL] as number, amount);
    return kept;
  }

  settle(row: number, lo: number): number {
    if (row === 0) return 0;
    const f64 = this.rows.f64(row);
    const base = this.rows.at(row);
    let slice = f64[base + OLDEST] as number;
    if (slice * this.windowMs > lo * SLICES) return row;
    for (let i = 0; i < SLICES && slice * this.windowMs <= lo * SLICES; i++, slice++)
      this.drop(f64, base, slice % SLICES);
    f64[base + OLDEST] = Math.max(slice, Math.floor((lo * SLICES) / this.windowMs) + 1);
    return this.keptIfAny(row);
  }

  fence(row: number, at: number): number {
    if (row === 0) return 0;
    const f64 = this.rows.f64(row);
    const base = this.rows.at(row);
    for (let slot = 0; slot < SLICES; slot++) {
      if ((f64[base + FIRST_APPENDED + slot] as number) <= at) this.drop(f64, base, slot);
    }
    return this.keptIfAny(row);
  }

  total(row: number): number {
    return row === 0 ? 0 : this.rows.get64(row, TOTAL);
  }

  leavesAt(row: number): number {
    if (row === 0) return Number.POSITIVE_INFINITY;
    const f64 = this.rows.f64(row);
    const base = this.rows.at(row);
    let slice = f64[base + OLDEST] as number;
    while (f64[base + AMOUNTS + (slice % SLICES)] === 0) slice++;
    return Math.ceil((slice * this.windowMs) / SLICES);
  }

  greatestTime(): number {
    return Number.NEGATIVE_INFINITY;
  }

  remove(row: number): void {
    if (row !== 0) this.table.remove(row);
  }

  save(into: SnapshotWriter, name: string): void {
    this.table.save(into, name);
  }

  load(from: SnapshotReader, name: string): void {
    this.table.load(from, name);
  }

  private begin(slice: number): number {
    const row = this.table.add();
    this.rows.set64(row, OLDEST, slice);
    return row;
  }

  private drop(f64: Float64Array, base: number, slot: number): void {
    const amount = f64[base + AMOUNTS + slot] as number;
    if (amount === 0) return;
    f64[base + AMOUNTS + slot] = 0;
    const total = f64[base + TOTAL] as number;
    f64[base + TOTAL] = total < SUM_MAX ? total - amount : sumOf(f64, base);
  }

  private keptIfAny(row: number): number {
    if (this.rows.get64(row, TOTAL) > 0) return row;
    this.table.remove(row);
    return 0;
  }
}

/** What a saturated total is worth without what was dropped. */
function sumOf(f64: Float64Array, base: number): number {
  let sum = 0;
  for (let slot = 0; slot < SLICES; slot++) sum = addSaturating(sum, f64[base + AMOUNTS + slot] as number);
  return sum;
}
