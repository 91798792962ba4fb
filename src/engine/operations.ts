import type { Arena } from './arena.ts';
import type { Behind } from './behind.ts';
import { Held } from './held.ts';
import { EXACT_ENTRIES } from './limits.ts';
import type { SnapshotReader, SnapshotWriter } from './parts.ts';
import type { RecordInHand } from './record.ts';
import { mix, RowIndex } from './row-index.ts';
import { Table } from './table.ts';

/** uint32 fields of an operation; its neighbours stand in the order of their newest calls' arrival. */
const LO = 0;
const HI = 1;
const KEY_ROW = 2;
const OLDER = 3;
const NEWER = 4;
const RING = 5;
const STRIDE = 4;

/** uint32 fields of a key's row, from the place that the measure gives them. */
const OLDEST = 0;
const NEWEST = 1;
const COUNT = 2;
export const OPERATION_FIELDS = 3;

/** Operations of a key with at most that many are found by looking through them; only those of larger keys are indexed. */
const SCANNED_MAX = 8;

export interface OperationsOptions {
  readonly arena: Arena;
  readonly record: RecordInHand;
  /** The keys' rows, and where in them the first of three uint32 fields stands. */
  readonly keyRows: Table;
  readonly field: number;
  readonly width: number;
  readonly behind: Behind;
  readonly byTime: boolean;
  readonly forgetsFailed: boolean;
  readonly onLeave: (operation: number, address: number) => void;
}

/** The operations of every key: each the calls with one fingerprint, found by it, in the order of their newest calls. */
export class Operations {
  readonly held: Held;
  private readonly table = new Table(STRIDE);
  private readonly index = new RowIndex();
  private readonly keyRows: Table;
  private readonly field: number;

  constructor(options: OperationsOptions) {
    const { arena, record, keyRows, field, width, behind, byTime, forgetsFailed, onLeave } = options;
    this.keyRows = keyRows;
    this.field = field;
    const { table } = this;
    const fields = { ring: RING, sum: -1 };
    this.held = new Held({
      arena,
      record,
      table,
      fields,
      width,
      behind,
      exact: EXACT_ENTRIES,
      byTime,
      forgetsFailed,
      onLeave,
    });
  }

  get bytes(): number {
    return this.table.bytes + this.index.bytes + this.held.behind.bytes;
  }

  count(row: number): number {
    return this.keyField(row, COUNT);
  }

  /** The operation called last; 0 when there is none. */
  newest(row: number): number {
    return this.keyField(row, NEWEST);
  }

  oldest(row: number): number {
    return this.keyField(row, OLDEST);
  }

  older(operation: number): number {
    return this.table.u32[operation * STRIDE * 2 + OLDER] as number;
  }

  keyRow(operation: number): number {
    return this.table.u32[operation * STRIDE * 2 + KEY_ROW] as number;
  }

  find(row: number, lo: number, hi: number): number {
    return this.count(row) <= SCANNED_MAX ? this.findByScan(row, lo, hi) : this.findByIndex(row, lo, hi);
  }

  /** A new operation of the key, as the one called last. */
  add(row: number, lo: number, hi: number): number {
    const operation = this.table.add();
    const { u32 } = this.table;
    const base = operation * STRIDE * 2;
    u32[base + LO] = lo;
    u32[base + HI] = hi;
    u32[base + KEY_ROW] = row;
    this.append(row, operation);
    const count = this.count(row) + 1;
    this.setKeyField(row, COUNT, count);
    if (count === SCANNED_MAX + 1) this.visit(row, (each) => this.index.add(this.hash(each), each));
    else if (count > SCANNED_MAX) this.index.add(hashOf(row, lo, hi), operation);
    return operation;
  }

  /** The operation is called again. */
  touch(row: number, operation: number): void {
    if (this.newest(row) === operation) return;
    this.unlink(row, operation);
    this.append(row, operation);
  }

  remove(row: number, operation: number): void {
    const count = this.count(row);
    if (count === SCANNED_MAX + 1) this.visit(row, (each) => this.index.remove(this.hash(each), each));
    else if (count > SCANNED_MAX) this.index.remove(this.hash(operation), operation);
    this.held.clear(operation);
    this.unlink(row, operation);
    this.table.remove(operation);
    this.setKeyField(row, COUNT, count - 1);
  }

  /** From the one called last to the one called longest ago; the visitor may remove the one it is shown. */
  visit(row: number, visit: (operation: number) => void): void {
    let operation = this.newest(row);
    while (operation !== 0) {
      const older = this.older(operation);
      visit(operation);
      operation = older;
    }
  }

  save(into: SnapshotWriter, name: string): void {
    this.table.save(into, name);
    this.held.behind.save(into, `${name}.behind`);
  }

  /** @param visit called with each operation, to build again what is no part of a snapshot */
  load(from: SnapshotReader, name: string, visit: (operation: number) => void): void {
    this.table.load(from, name);
    this.held.behind.load(from, `${name}.behind`);
    for (let operation = 1; operation < this.table.bound; operation++) {
      if (!this.table.has(operation)) continue;
      if (this.count(this.keyRow(operation)) > SCANNED_MAX) this.index.add(this.hash(operation), operation);
      visit(operation);
    }
  }

  private findByScan(row: number, lo: number, hi: number): number {
    const { u32 } = this.table;
    let operation = this.newest(row);
    while (operation !== 0) {
      const base = operation * STRIDE * 2;
      if (u32[base + LO] === lo && u32[base + HI] === hi) return operation;
      operation = u32[base + OLDER] as number;
    }
    return 0;
  }

  private findByIndex(row: number, lo: number, hi: number): number {
    const { u32 } = this.table;
    const hash = hashOf(row, lo, hi);
    for (let slot = this.index.first(hash); slot >= 0; slot = this.index.next(slot, hash)) {
      const operation = this.index.row(slot);
      const base = operation * STRIDE * 2;
      if (u32[base + LO] === lo && u32[base + HI] === hi && u32[base + KEY_ROW] === row) return operation;
    }
    return 0;
  }

  private hash(operation: number): number {
    const { u32 } = this.table;
    const base = operation * STRIDE * 2;
    return hashOf(u32[base + KEY_ROW] as number, u32[base + LO] as number, u32[base + HI] as number);
  }

  private append(row: number, operation: number): void {
    const { u32 } = this.table;
    const newest = this.newest(row);
    u32[operation * STRIDE * 2 + OLDER] = newest;
    u32[operation * STRIDE * 2 + NEWER] = 0;
    if (newest === 0) this.setKeyField(row, OLDEST, operation);
    else u32[newest * STRIDE * 2 + NEWER] = operation;
    this.setKeyField(row, NEWEST, operation);
  }

  private unlink(row: number, operation: number): void {
    const { u32 } = this.table;
    const older = u32[operation * STRIDE * 2 + OLDER] as number;
    const newer = u32[operation * STRIDE * 2 + NEWER] as number;
    if (older === 0) this.setKeyField(row, OLDEST, newer);
    else u32[older * STRIDE * 2 + NEWER] = newer;
    if (newer === 0) this.setKeyField(row, NEWEST, older);
    else u32[newer * STRIDE * 2 + OLDER] = older;
  }

  private keyField(row: number, field: number): number {
    return this.keyRows.u32[row * this.keyRows.stride * 2 + this.field + field] as number;
  }

  private setKeyField(row: number, field: number, value: number): void {
    this.keyRows.u32[row * this.keyRows.stride * 2 + this.field + field] = value;
  }
}

function hashOf(row: number, lo: number, hi: number): number {
  return mix(mix(lo, hi), row);
}
