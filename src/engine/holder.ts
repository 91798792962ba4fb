import type { Operations } from './operations.ts';
import type { Rows } from './rows.ts';

/** uint32 fields of a key's row, from the place that the measure gives them: both halves of a fingerprint. */
const LO = 0;
const HI = 1;
export const HOLDER_FIELDS = 2;

/** In both words: any operation may be the one. 0 in both: there is none. */
const ANY = 0xffffffff;

/** Which operation of a key its condition held for last. It is remembered by its fingerprint, as operations move. */
export class Holder {
  private readonly rows: Rows;
  private readonly field: number;
  private readonly operations: Operations;

  constructor(rows: Rows, field: number, operations: Operations) {
    this.rows = rows;
    this.field = field;
    this.operations = operations;
  }

  /** False when it is known that there is none. */
  mayHold(row: number): boolean {
    return (this.rows.get32(row, this.field + LO) | this.rows.get32(row, this.field + HI)) !== 0;
  }

  is(row: number, operation: number): boolean {
    const { operations, rows } = this;
    if (rows.get32(row, this.field + HI) !== operations.hi(operation)) return false;
    return rows.get32(row, this.field + LO) === operations.lo(row, operation);
  }

  /** The operation; 0 when there is none, or when it may be any. */
  find(row: number): number {
    return this.operations.find(row, this.rows.get32(row, this.field + LO), this.rows.get32(row, this.field + HI));
  }

  /** @param operation 0: there is none */
  set(row: number, operation: number): void {
    if (operation === 0) this.write(row, 0, 0);
    else this.write(row, this.operations.lo(row, operation), this.operations.hi(operation));
  }

  /** It has to be looked for among all. */
  forget(row: number): void {
    this.write(row, ANY, ANY);
  }

  private write(row: number, lo: number, hi: number): void {
    this.rows.set32(row, this.field + LO, lo);
    this.rows.set32(row, this.field + HI, hi);
  }
}
