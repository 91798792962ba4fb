import { OVERFLOW, type Symbols } from '../domain/event/symbols.ts';
import type { KeyTexts } from '../domain/rule.ts';
import { greaterCapacity } from './growth.ts';
import type { Keys } from './keys.ts';
import type { RecordInHand } from './record.ts';
import { Row } from './row.ts';
import type { Table } from './table.ts';

const FIRST_IDS = 64;

/** Keys that are one id of few: a tenant, or a tool of all tenants. */
export class IdKeys implements Keys {
  readonly areSessions = false;
  private readonly isTenant: boolean;
  private readonly symbols: Symbols;
  private readonly rows: Table;
  private rowOf = new Uint32Array(FIRST_IDS);

  constructor(kind: 'tenant' | 'global_tool', symbols: Symbols, rows: Table) {
    this.isTenant = kind === 'tenant';
    this.symbols = symbols;
    this.rows = rows;
  }

  get bytes(): number {
    return this.rowOf.byteLength;
  }

  hasKey(record: RecordInHand): boolean {
    const id = this.id(record);
    return id !== 0 && id !== OVERFLOW;
  }

  find(record: RecordInHand): number {
    const id = this.id(record);
    return id < this.rowOf.length ? (this.rowOf[id] as number) : 0;
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
    const { tenants, tools } = this.symbols;
    const id = this.key(row);
    return this.isTenant ? { tenant: tenants.text(id) } : { tool: tools.text(id) };
  }

  session(): number {
    return 0;
  }

  tenant(row: number): number {
    return this.isTenant ? this.key(row) : 0;
  }

  tool(row: number): number {
    return this.isTenant ? 0 : this.key(row);
  }

  visitSession(): void {}

  useSlots(): void {}

  close(): void {}

  save(): void {}

  load(): void {
    for (let row = 1; row < this.rows.bound; row++) if (this.rows.has(row)) this.place(this.key(row), row);
  }

  private id({ view }: RecordInHand): number {
    return this.isTenant ? view.tenant : view.tool;
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
