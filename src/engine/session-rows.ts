import { greaterCapacity } from './growth.ts';

const FIRST_COLUMNS = 4;
const FIRST_SESSIONS = 64;

/**
 * Rows by session, a column for each rule that groups by it: side by side, so that an event finds its rows of all rules in one
 * line of the cache. Never part of a snapshot: it is built again from the rows.
 */
export class SessionRows {
  private rows = new Uint32Array(FIRST_COLUMNS * FIRST_SESSIONS);
  private width = FIRST_COLUMNS;
  /** By column. */
  private readonly taken: boolean[] = [];

  get bytes(): number {
    return this.rows.byteLength;
  }

  /** A column of zeros. */
  takeColumn(): number {
    const free = this.taken.indexOf(false);
    const column = free >= 0 ? free : this.taken.length;
    if (column === this.width) this.widen();
    this.taken[column] = true;
    return column;
  }

  /** Gives a column back whose rows have all been removed. */
  giveColumn(column: number): void {
    this.taken[column] = false;
  }

  /** 0 when there is none. */
  get(session: number, column: number): number {
    const at = session * this.width + column;
    return at < this.rows.length ? (this.rows[at] as number) : 0;
  }

  set(session: number, column: number, row: number): void {
    const at = session * this.width + column;
    if (at >= this.rows.length) this.makeRoom(at + 1);
    this.rows[at] = row;
  }

  private makeRoom(length: number): void {
    const rows = new Uint32Array(greaterCapacity(this.rows.length, length));
    rows.set(this.rows);
    this.rows = rows;
  }

  private widen(): void {
    const { rows, width } = this;
    const sessions = Math.ceil(rows.length / width);
    this.width = width * 2;
    this.rows = new Uint32Array(sessions * this.width);
    for (let session = 0; session < sessions; session++) {
      this.rows.set(rows.subarray(session * width, (session + 1) * width), session * this.width);
    }
  }
}
