import type { Pages } from './pages.ts';

/** Rows per page, as a power of two. */
export const ROWS_LOG = 10;
const ROW_MASK = (1 << ROWS_LOG) - 1;

/** Where the uint32 fields of a row are: at `u32(row)[word(row) + field]`. */
export interface Fields {
  u32(row: number): Uint32Array;
  word(row: number): number;
}

/**
 * Rows of numbers behind small integers, or one part of longer rows. A field is a float64 at `f64(row)[at(row) + field]` or a
 * uint32 at `u32(row)[word(row) + field]`, two of which share a word of 8 bytes. Row 0 is none.
 */
export class Rows implements Fields {
  /** Words of 8 bytes that are this part's. */
  readonly words: number;
  private pages: readonly Float64Array[] = [];
  private pages32: readonly Uint32Array[] = [];
  /** Words of the whole row, and those before this part. */
  private stride = 0;
  private first = 0;

  constructor(words: number) {
    this.words = words;
  }

  /** Where the part stands from now on. */
  place(pages: Pages, stride: number, first: number): void {
    this.pages = pages.f64;
    this.pages32 = pages.u32;
    this.stride = stride;
    this.first = first;
  }

  f64(row: number): Float64Array {
    return this.pages[row >>> ROWS_LOG] as Float64Array;
  }

  at(row: number): number {
    return (row & ROW_MASK) * this.stride + this.first;
  }

  u32(row: number): Uint32Array {
    return this.pages32[row >>> ROWS_LOG] as Uint32Array;
  }

  word(row: number): number {
    return ((row & ROW_MASK) * this.stride + this.first) * 2;
  }

  get64(row: number, field: number): number {
    return this.f64(row)[this.at(row) + field] as number;
  }

  set64(row: number, field: number, value: number): void {
    this.f64(row)[this.at(row) + field] = value;
  }

  get32(row: number, field: number): number {
    return this.u32(row)[this.word(row) + field] as number;
  }

  set32(row: number, field: number, value: number): void {
    this.u32(row)[this.word(row) + field] = value;
  }

  /** Makes the part one of zeros. */
  clear(row: number): void {
    const f64 = this.f64(row);
    const at = this.at(row);
    for (let i = 0; i < this.words; i++) f64[at + i] = 0;
  }

  /** Copies what this part holds; word by word, as a float64 may not keep every bit. */
  copy(row: number, to: Rows): void {
    const [from32, to32] = [this.u32(row), to.u32(row)];
    const [from, into] = [this.word(row), to.word(row)];
    for (let i = 0; i < this.words * 2; i++) to32[into + i] = from32[from + i] as number;
  }
}
