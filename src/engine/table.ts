import { Pages } from './pages.ts';
import type { SnapshotReader, SnapshotWriter } from './parts.ts';
import { ROWS_LOG, Rows } from './rows.ts';

/**
 * Rows that are added and removed, laid out of one or more parts: the one form in which the engine keeps state of one size.
 * A removed row is one of zeros but for its first word.
 */
export class Table {
  private readonly pages: Pages;
  /** All parts in one. */
  private readonly rows: Rows;
  private used = 0;
  private high = 1;
  /** First removed row; its first word is the next one. */
  private free = 0;

  constructor(...parts: readonly Rows[]) {
    const words = parts.reduce((sum, part) => sum + part.words, 0);
    this.pages = new Pages(words << ROWS_LOG);
    this.pages.reserve(words);
    this.rows = new Rows(words);
    this.rows.place(this.pages, words, 0);
    let first = 0;
    for (const part of parts) {
      part.place(this.pages, words, first);
      first += part.words;
    }
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
    return this.pages.bytes;
  }

  /** A row of zeros. */
  add(): number {
    this.used++;
    const { free, rows } = this;
    if (free !== 0) {
      this.free = rows.get32(free, 0);
      rows.set32(free, 0, 0);
      return free;
    }
    const row = this.high++;
    this.pages.reserve(this.high * rows.words);
    return row;
  }

  remove(row: number): void {
    const { rows } = this;
    rows.clear(row);
    rows.set32(row, 0, this.free);
    this.free = row;
    this.used--;
  }

  save(into: SnapshotWriter, name: string): void {
    into.fact(name, { high: this.high, free: this.free, used: this.used });
    this.pages.save(into, name, this.high * this.rows.words);
  }

  load(from: SnapshotReader, name: string): void {
    const { high, free, used } = from.fact<{ high: number; free: number; used: number }>(name);
    this.high = high;
    this.free = free;
    this.used = used;
    this.pages.load(from, name);
  }
}
