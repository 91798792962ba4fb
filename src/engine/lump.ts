import type { Behind } from './behind.ts';
import { addSaturating } from './limits.ts';
import type { SnapshotReader, SnapshotWriter } from './parts.ts';
import { Rows } from './rows.ts';
import { Table } from './table.ts';

const AMOUNT = 0;
const FIRST_APPENDED = 1;
const GREATEST_TIME = 2;
const WORDS = 3;

/** Behind what has no window: everything in one lump, which no time lets go. */
export class Lump implements Behind {
  private readonly rows = new Rows(WORDS);
  private readonly table = new Table(this.rows);

  get bytes(): number {
    return this.table.bytes;
  }

  add(row: number, time: number, appendedAt: number, amount: number): number {
    const kept = row === 0 ? this.table.add() : row;
    const f64 = this.rows.f64(kept);
    const base = this.rows.at(kept);
    f64[base + FIRST_APPENDED] = row === 0 ? appendedAt : Math.min(f64[base + FIRST_APPENDED] as number, appendedAt);
    f64[base + GREATEST_TIME] = Math.max(f64[base + GREATEST_TIME] as number, time);
    f64[base + AMOUNT] = addSaturating(f64[base + AMOUNT] as number, amount);
    return kept;
  }

  settle(row: number): number {
    return row;
  }

  fence(row: number, at: number): number {
    if (row === 0 || this.rows.get64(row, FIRST_APPENDED) > at) return row;
    this.table.remove(row);
    return 0;
  }

  total(row: number): number {
    return row === 0 ? 0 : this.rows.get64(row, AMOUNT);
  }

  leavesAt(): number {
    return Number.POSITIVE_INFINITY;
  }

  greatestTime(row: number): number {
    return row === 0 ? Number.NEGATIVE_INFINITY : this.rows.get64(row, GREATEST_TIME);
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
}
