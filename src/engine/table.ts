import { greaterCapacity } from './growth.ts';
import type { SnapshotReader, SnapshotWriter } from './parts.ts';

const FIRST_ROWS = 16;

/**
 * Rows of numbers behind small integers: the one form in which the engine keeps state. A row is `stride` words of
 * 8 bytes that lie side by side (one or two cache lines); a field is a Float64 at `f64[row * stride + i]` or a Uint32 at
 * `u32[row * stride * 2 + i]`, two of which share a word. Row 0 is none. Whoever adds a row must not hold `f64` or `u32`
 * across it: growing replaces them.
 */
export class Table {
  readonly stride: number;
  f64: Float64Array;
  u32: Uint32Array;
  private live: Uint8Array;
  private used = 0;
  private high = 1;
  private free = 0;

  constructor(stride: number) {
    this.stride = stride;
    this.f64 = new Float64Array(FIRST_ROWS * stride);
    this.u32 = new Uint32Array(this.f64.buffer);
    this.live = new Uint8Array(FIRST_ROWS);
  }

  /** Rows in use. */
  get size(): number {
    return this.used;
  }

  /** One more than the greatest row that was ever in use. */
  get bound(): number {
    return this.high;
  }

  get bytes(): number {
    return this.f64.byteLength + this.live.byteLength;
  }

  has(row: number): boolean {
    return row < this.high && this.live[row] === 1;
  }

  /** A row of zeros. */
  add(): number {
    const row = this.free;
    if (row === 0) return this.occupy(this.high);
    this.free = this.u32[row * this.stride * 2] as number;
    return this.occupy(row);
  }

  /** Makes that very row one of zeros, for tables whose rows are numbered elsewhere. Never mixed with `add`. */
  claim(row: number): void {
    this.occupy(row);
  }

  /** Ends a row that was claimed. */
  unclaim(row: number): void {
    this.live[row] = 0;
    this.used--;
  }

  remove(row: number): void {
    this.unclaim(row);
    this.u32[row * this.stride * 2] = this.free;
    this.free = row;
  }

  save(into: SnapshotWriter, name: string): void {
    into.fact(name, { high: this.high, free: this.free, used: this.used });
    into.column(`${name}.rows`, this.f64, this.high * this.stride);
    into.column(`${name}.live`, this.live, this.high);
  }

  load(from: SnapshotReader, name: string): void {
    const { high, free, used } = from.fact<{ high: number; free: number; used: number }>(name);
    this.high = 0;
    this.makeRoom(high);
    this.u32.set(words(from.column(`${name}.rows`)));
    this.live.set(from.column(`${name}.live`));
    this.high = high;
    this.free = free;
    this.used = used;
  }

  private occupy(row: number): number {
    if (row >= this.live.length) this.makeRoom(row + 1);
    if (row >= this.high) this.high = row + 1;
    const { f64, stride } = this;
    for (let i = row * stride, end = i + stride; i < end; i++) f64[i] = 0;
    this.live[row] = 1;
    this.used++;
    return row;
  }

  private makeRoom(rows: number): void {
    if (rows <= this.live.length) return;
    const capacity = greaterCapacity(this.live.length, rows);
    const f64 = new Float64Array(capacity * this.stride);
    f64.set(this.f64.subarray(0, this.high * this.stride));
    const live = new Uint8Array(capacity);
    live.set(this.live.subarray(0, this.high));
    this.f64 = f64;
    this.u32 = new Uint32Array(f64.buffer);
    this.live = live;
  }
}

/** The same bytes as 32-bit words. */
export function words(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2);
}
