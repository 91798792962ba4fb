import { OVERFLOW, type Symbols } from '../domain/event/symbols.ts';
import type { KeyTexts } from '../domain/rule.ts';
import type { Keys } from './keys.ts';
import type { RecordInHand } from './record.ts';
import { Row } from './row.ts';
import type { SessionRows } from './session-rows.ts';
import type { Table } from './table.ts';

/** Keys that are sessions and nothing else. */
export class SessionKeys implements Keys {
  readonly areSessions = true;
  readonly bytes = 0;
  private readonly symbols: Symbols;
  private readonly rows: Table;
  private readonly sessionRows: SessionRows;
  private readonly column: number;

  constructor(symbols: Symbols, rows: Table, sessionRows: SessionRows) {
    this.symbols = symbols;
    this.rows = rows;
    this.sessionRows = sessionRows;
    this.column = sessionRows.takeColumn();
  }

  hasKey({ session }: RecordInHand): boolean {
    return session !== 0 && session !== OVERFLOW;
  }

  find({ session }: RecordInHand): number {
    return this.sessionRows.get(session, this.column);
  }

  add({ session }: RecordInHand, row: number): void {
    this.rows.u32[row * this.rows.stride * 2 + Row.key] = session;
    this.sessionRows.set(session, this.column, row);
  }

  remove(row: number): void {
    this.sessionRows.set(this.session(row), this.column, 0);
  }

  texts(row: number): KeyTexts {
    const { tenants, sessions } = this.symbols;
    const session = this.session(row);
    return { tenant: tenants.text(sessions.tenant(session)), session: sessions.text(session) };
  }

  session(row: number): number {
    return this.rows.u32[row * this.rows.stride * 2 + Row.key] as number;
  }

  tenant(row: number): number {
    return this.symbols.sessions.tenant(this.session(row));
  }

  tool(): number {
    return 0;
  }

  visitSession(session: number, visit: (row: number) => void): void {
    const row = this.sessionRows.get(session, this.column);
    if (row !== 0) visit(row);
  }

  useSlots(): void {}

  close(): void {
    this.sessionRows.giveColumn(this.column);
  }

  save(): void {}

  load(): void {
    const { rows } = this;
    for (let row = 1; row < rows.bound; row++) {
      if (rows.has(row)) this.sessionRows.set(this.session(row), this.column, row);
    }
  }
}
