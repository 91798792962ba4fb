import type { SnapshotReader, SnapshotWriter } from './parts.ts';

/**
 * What stands behind the exact entries of a window, total or loop: those that newer ones pushed out, as amounts only.
 * A row holds one window's; row 0 is nothing, and adding to it makes one.
 */
export interface Behind {
  /** @returns the row, made where there was none. Nothing is added where it would not count any more. */
  add(row: number, time: number, appendedAt: number, amount: number, lo: number): number;
  /** Lets go what is not newer than `lo`. @returns the row, 0 when nothing is left. */
  settle(row: number, lo: number): number;
  /** Drops what began at or before the fence. @returns the row, 0 when nothing is left. */
  fence(row: number, at: number): number;
  /** Saturating. */
  total(row: number): number;
  /** The least `lo` at which something more is let go; Infinity when never. */
  leavesAt(row: number): number;
  /** The greatest effective time in it; -Infinity where that is not kept. */
  greatestTime(row: number): number;
  remove(row: number): void;
  save(into: SnapshotWriter, name: string): void;
  load(from: SnapshotReader, name: string): void;
  readonly bytes: number;
}
