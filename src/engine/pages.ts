import type { SnapshotReader, SnapshotWriter } from './parts.ts';

const FIRST_LENGTH = 64;

/**
 * Memory in pages of 8-byte words, each to be read as uint32 and as float64. What grows is given one more page and nothing is
 * copied; only the first page begins small and doubles. Whoever makes room must not hold a page across it.
 */
export class Pages {
  readonly u32: Uint32Array[] = [];
  readonly f64: Float64Array[] = [];
  /** Words of a page. */
  private readonly pageLength: number;

  constructor(pageLength: number) {
    this.pageLength = pageLength;
    this.put(0, Math.min(FIRST_LENGTH, pageLength));
  }

  get bytes(): number {
    return this.f64.reduce((sum, page) => sum + page.byteLength, 0);
  }

  /** Makes room for that many words. New ones are zero. */
  reserve(length: number): void {
    const { f64, pageLength } = this;
    const first = f64[0] as Float64Array;
    if (first.length < pageLength && first.length < length) this.growFirst(first, length);
    while (f64.length * pageLength < length) this.put(f64.length, pageLength);
  }

  /** The first `length` words. */
  save(into: SnapshotWriter, name: string, length: number): void {
    this.f64.forEach((page, i) => {
      const left = length - i * this.pageLength;
      if (left > 0) into.column(name, page, Math.min(left, page.length));
    });
  }

  load(from: SnapshotReader, name: string): void {
    const bytes = from.column(name);
    const words = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 3);
    this.reserve(words.length);
    this.f64.forEach((page, i) => {
      page.set(words.subarray(i * this.pageLength, i * this.pageLength + page.length));
    });
  }

  private growFirst(first: Float64Array, length: number): void {
    let grown = first.length;
    while (grown < length && grown < this.pageLength) grown *= 2;
    this.put(0, Math.min(grown, this.pageLength)).set(first);
  }

  private put(at: number, length: number): Float64Array {
    const page = new Float64Array(length);
    this.f64[at] = page;
    this.u32[at] = new Uint32Array(page.buffer);
    return page;
  }
}
