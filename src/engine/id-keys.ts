import { OVERFLOW, type Symbols } from '../domain/event/symbols.ts';
import type { KeyTexts } from '../domain/rule.ts';
import type { Keys } from './keys.ts';
import type { SnapshotReader, SnapshotWriter } from './parts.ts';
import type { RecordInHand } from './record.ts';
import { isUsed, use } from './row.ts';
import { Rows } from './rows.ts';
import { Table } from './table.ts';

/** uint32 field of a key's own. */
const ID = 0;

/** Keys that are one id of few: a tenant, or a tool of all tenants. The id stands beside the measure's fields. */
export class IdKeys implements Keys {
  readonly areSessions = false;
  private readonly isTenant: boolean;
  private readonly symbols: Symbols;
  private readonly rows: Rows;
  private readonly own = new Rows(1);
  private readonly table: Table;
  /** Rows by id; ids are small and dense. */
  private readonly rowOf: number[] = [];

  constructor(kind: 'tenant' | 'global_tool', rows: Rows, symbols: Symbols) {
    this.isTenant = kind === 'tenant';
    this.symbols = symbols;
    this.rows = rows;
    this.table = new Table(rows, this.own);
  }

  get bound(): number {
    return this.table.bound;
  }

  get bytes(): number {
    return this.table.bytes + this.rowOf.length * 8;
  }

  hasKey(record: RecordInHand): boolean {
    const id = this.id(record);
    return id !== 0 && id !== OVERFLOW;
  }

  find(record: RecordInHand): number {
    const id = this.id(record);
    return id < this.rowOf.length ? (this.rowOf[id] as number) : 0;
  }

  add(record: RecordInHand): number {
    const row = this.table.add();
    use(this.rows, row);
    this.own.set32(row, ID, this.id(record));
    this.place(row);
    return row;
  }

  remove(row: number): void {
    this.rowOf[this.key(row)] = 0;
    this.table.remove(row);
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

  save(into: SnapshotWriter, name: string): void {
    this.table.save(into, name);
  }

  load(from: SnapshotReader, name: string): void {
    this.table.load(from, name);
    for (let row = 1; row < this.bound; row++) if (isUsed(this.rows, row)) this.place(row);
  }

  private id({ view }: RecordInHand): number {
    return this.isTenant ? view.tenant : view.tool;
  }

  private key(row: number): number {
    return this.own.get32(row, ID);
  }

  private place(row: number): void {
    const id = this.key(row);
    while (this.rowOf.length <= id) this.rowOf.push(0);
    this.rowOf[id] = row;
  }
}
