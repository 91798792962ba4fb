import { OVERFLOW, type Symbols } from '../domain/event/symbols.ts';
import type { KeyTexts } from '../domain/rule.ts';
import type { Keys } from './keys.ts';
import type { RecordInHand } from './record.ts';
import { isUsed, use } from './row.ts';
import type { Rows } from './rows.ts';
import type { SessionRows } from './session-rows.ts';

/** Keys that are sessions and nothing else: a row is the session's id, its fields are a part of the session's row. */
export class SessionKeys implements Keys {
  readonly areSessions = true;
  readonly bytes = 0;
  private readonly rows: Rows;
  private readonly symbols: Symbols;
  private readonly all: SessionRows;

  constructor(rows: Rows, symbols: Symbols, all: SessionRows) {
    this.rows = rows;
    this.symbols = symbols;
    this.all = all;
  }

  get bound(): number {
    return this.all.bound;
  }

  hasKey({ session }: RecordInHand): boolean {
    return session !== 0 && session !== OVERFLOW;
  }

  find({ session }: RecordInHand): number {
    return isUsed(this.rows, session) ? session : 0;
  }

  add({ session }: RecordInHand): number {
    use(this.rows, session);
    return session;
  }

  remove(row: number): void {
    this.rows.clear(row);
  }

  texts(session: number): KeyTexts {
    const { tenants, sessions } = this.symbols;
    return { tenant: tenants.text(sessions.tenant(session)), session: sessions.text(session) };
  }

  session(row: number): number {
    return row;
  }

  tenant(row: number): number {
    return this.symbols.sessions.tenant(row);
  }

  tool(): number {
    return 0;
  }

  visitSession(session: number, visit: (row: number) => void): void {
    if (isUsed(this.rows, session)) visit(session);
  }

  useSlots(): void {}

  /** What they hold is saved with the sessions. */
  save(): void {}

  load(): void {}
}
