import { OVERFLOW, type Symbols } from '../domain/event/symbols.ts';
import type { GroupKey, KeyTexts } from '../domain/rule.ts';
import { ComposedKeys } from './composed-keys.ts';
import { greaterCapacity } from './growth.ts';
import type { SnapshotReader, SnapshotWriter } from './parts.ts';
import type { RecordInHand } from './record.ts';
import { Row } from './row.ts';
import type { Table } from './table.ts';

/** From an event to the row of its key, and from a row back to the key's texts. */
export interface Keys {
  /** False when the event lacks something that is grouped by, or that found no place. */
  hasKey(record: RecordInHand): boolean;
  /** The row of the event's key; 0 when it has none. Only after `hasKey`. */
  find(record: RecordInHand): number;
  /** Gives the event's key that row, which is new. */
  add(record: RecordInHand, row: number): void;
  remove(row: number): void;
  texts(row: number): KeyTexts;
  /** The id of the key's session; 0 where the rule does not group by it. */
  session(row: number): number;
  /** The id of the key's tenant; 0 for a tool of all. */
  tenant(row: number): number;
  tool(row: number): number;
  visitSession(session: number, visit: (row: number) => void): void;
  /** True when keys are sessions and nothing else: they end with them, so nothing else has to forget them. */
  readonly areSessions: boolean;
  /** Where a rule that was loaded again finds its labels. */
  useSlots(slots: readonly number[]): void;
  readonly bytes: number;
  save(into: SnapshotWriter, name: string): void;
  load(from: SnapshotReader, name: string): void;
}

export function makeKeys(groupBy: readonly GroupKey[], slots: readonly number[], symbols: Symbols, rows: Table): Keys {
  const parts = groupBy.filter((part) => part !== 'tenant');
  if (parts.length === 0) return new DirectKeys('tenant', symbols, rows);
  if (parts.length === 1 && parts[0] === 'session') return new DirectKeys('session', symbols, rows);
  if (parts.length === 1 && parts[0] === 'global_tool') return new DirectKeys('global_tool', symbols, rows);
  return new ComposedKeys(groupBy, slots, symbols, rows);
}

/** Keys that are one id: an array by id. */
class DirectKeys implements Keys {
  readonly areSessions: boolean;
  private readonly kind: 'session' | 'tenant' | 'global_tool';
  private readonly symbols: Symbols;
  private readonly rows: Table;
  private rowOf = new Uint32Array(64);

  constructor(kind: DirectKeys['kind'], symbols: Symbols, rows: Table) {
    this.kind = kind;
    this.symbols = symbols;
    this.rows = rows;
    this.areSessions = kind === 'session';
  }

  get bytes(): number {
    return this.rowOf.byteLength;
  }

  hasKey(record: RecordInHand): boolean {
    const id = this.id(record);
    return id !== 0 && id !== OVERFLOW;
  }

  find(record: RecordInHand): number {
    return this.rowOf[this.id(record)] ?? 0;
  }

  add(record: RecordInHand, row: number): void {
    const id = this.id(record);
    this.rows.u32[row * this.rows.stride * 2 + Row.key] = id;
    this.place(id, row);
  }

  remove(row: number): void {
    this.rowOf[this.key(row)] = 0;
  }

  texts(row: number): KeyTexts {
    const id = this.key(row);
    const { tenants, sessions, tools } = this.symbols;
    if (this.kind === 'tenant') return { tenant: tenants.text(id) };
    if (this.kind === 'global_tool') return { tool: tools.text(id) };
    return { tenant: tenants.text(sessions.tenant(id)), session: sessions.text(id) };
  }

  session(row: number): number {
    return this.kind === 'session' ? this.key(row) : 0;
  }

  tenant(row: number): number {
    if (this.kind === 'session') return this.symbols.sessions.tenant(this.key(row));
    return this.kind === 'tenant' ? this.key(row) : 0;
  }

  tool(row: number): number {
    return this.kind === 'global_tool' ? this.key(row) : 0;
  }

  visitSession(session: number, visit: (row: number) => void): void {
    const row = this.kind === 'session' ? (this.rowOf[session] ?? 0) : 0;
    if (row !== 0) visit(row);
  }

  useSlots(): void {}

  save(): void {}

  load(): void {
    for (let row = 1; row < this.rows.bound; row++) if (this.rows.has(row)) this.place(this.key(row), row);
  }

  private id(record: RecordInHand): number {
    if (this.kind === 'session') return record.session;
    return this.kind === 'tenant' ? record.view.tenant : record.view.tool;
  }

  private key(row: number): number {
    return this.rows.u32[row * this.rows.stride * 2 + Row.key] as number;
  }

  private place(id: number, row: number): void {
    if (id >= this.rowOf.length) {
      const grown = new Uint32Array(greaterCapacity(this.rowOf.length, id + 1));
      grown.set(this.rowOf);
      this.rowOf = grown;
    }
    this.rowOf[id] = row;
  }
}
