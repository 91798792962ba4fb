import { Pages } from './pages.ts';
import type { SnapshotReader, SnapshotWriter } from './parts.ts';
import { ROWS_LOG, Rows } from './rows.ts';

/**
 * A row for every session id: what is known of the session itself, then a part for each rule whose keys are sessions, side by
 * side, so that an event finds all of it in neighbouring lines of the cache. A part that nobody uses is one of zeros.
 */
export class SessionRows {
  /** The session's own part. */
  readonly own: Rows;
  private pages: Pages;
  private stride: number;
  private parts: readonly Rows[] = [];
  private high = 1;

  /** @param words of 8 bytes for the session itself */
  constructor(words: number) {
    this.stride = words;
    this.pages = this.makePages(words);
    this.own = new Rows(words);
    this.own.place(this.pages, words, 0);
  }

  /** One more than the greatest session that was ever in use. */
  get bound(): number {
    return this.high;
  }

  get bytes(): number {
    return this.pages.bytes;
  }

  /** Makes room for the session's row. */
  reach(session: number): void {
    if (session < this.high) return;
    this.high = session + 1;
    this.pages.reserve(this.high * this.stride);
  }

  /** From now on these are the parts, in that order. Rows are written anew: parts that there were before keep what they hold. */
  layOut(parts: readonly Rows[]): void {
    if (parts.length === this.parts.length && parts.every((part, i) => part === this.parts[i])) return;
    const stride = parts.reduce((sum, { words }) => sum + words, this.own.words);
    const pages = this.makePages(stride);
    let first = 0;
    for (const part of [this.own, ...parts]) {
      if (part === this.own || this.parts.includes(part)) this.move(part, pages, stride, first);
      part.place(pages, stride, first);
      first += part.words;
    }
    this.stride = stride;
    this.pages = pages;
    this.parts = parts;
  }

  save(into: SnapshotWriter, name: string): void {
    into.fact(name, { high: this.high });
    this.pages.save(into, name, this.high * this.stride);
  }

  /** With the parts laid out as they were. */
  load(from: SnapshotReader, name: string): void {
    this.high = from.fact<{ high: number }>(name).high;
    this.pages.load(from, name);
  }

  private makePages(stride: number): Pages {
    const pages = new Pages(stride << ROWS_LOG);
    pages.reserve(this.high * stride);
    return pages;
  }

  private move(part: Rows, pages: Pages, stride: number, first: number): void {
    const to = new Rows(part.words);
    to.place(pages, stride, first);
    for (let row = 0; row < this.high; row++) part.copy(row, to);
  }
}
