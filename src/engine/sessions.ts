import { OVERFLOW, type Symbols } from '../domain/event/symbols.ts';
import type { Arena } from './arena.ts';
import type { CardinalityLimits } from './limits.ts';
import type { SnapshotReader, SnapshotWriter } from './parts.ts';
import type { Rows } from './rows.ts';
import { Seen } from './seen.ts';
import type { SessionRows } from './session-rows.ts';
import { TimerOf, type Timers } from './timers.ts';

/** Float64 fields. */
const TIMER = 0;
const LAST = 1;
const FENCE = 2;
/** uint32 fields. */
const OPEN = 6;
const REFERENCES = 7;
const SEEN = 8;
/** Words of 8 bytes that are a session's own. */
export const SESSION_WORDS = 5;

/**
 * Sessions by id, open or over. A session begins with its first event, and is over at `session_end` or a while after its
 * newest event. Its id is released once it is over and nothing refers to it any more.
 */
export class Sessions {
  private readonly all: SessionRows;
  private readonly rows: Rows;
  private readonly symbols: Symbols;
  private readonly timers: Timers;
  private readonly limits: CardinalityLimits;
  private readonly seen: Seen;
  readonly endsAfterMs: number;
  /** Open sessions by tenant id; -1 for a tenant that was never seen. */
  private openOf: number[] = [];
  private tenants = 0;
  private open = 0;
  /** The session of the event in hand: its id is not given back meanwhile. */
  private pinned = 0;

  constructor(
    symbols: Symbols,
    all: SessionRows,
    arena: Arena,
    timers: Timers,
    limits: CardinalityLimits,
    endsAfterMs: number,
  ) {
    this.symbols = symbols;
    this.all = all;
    this.rows = all.own;
    this.timers = timers;
    this.limits = limits;
    this.endsAfterMs = endsAfterMs;
    this.seen = new Seen(arena, this.rows, SEEN, limits.eventIdsPerSession);
  }

  get active(): number {
    return this.open;
  }

  /** False when the tenant is one too many. */
  admitTenant(tenant: number): boolean {
    if (tenant === 0 || tenant === OVERFLOW) return false;
    if (this.openOf[tenant] !== undefined && this.openOf[tenant] >= 0) return true;
    if (this.tenants >= this.limits.tenants) return false;
    while (this.openOf.length <= tenant) this.openOf.push(-1);
    this.openOf[tenant] = 0;
    this.tenants++;
    return true;
  }

  isOpen(session: number): boolean {
    return session < this.all.bound && this.rows.get32(session, OPEN) === 1;
  }

  /** Opens the session unless it is open. @returns false when the tenant has too many. */
  begin(tenant: number, session: number): boolean {
    if (session === 0 || session === OVERFLOW) return false;
    if (this.isOpen(session)) return true;
    const open = this.openOf[tenant] as number;
    if (open >= this.limits.sessionsPerTenant) return false;
    this.all.reach(session);
    this.rows.set32(session, OPEN, 1);
    this.openOf[tenant] = open + 1;
    this.open++;
    return true;
  }

  /** @returns true when the session has seen the event id before. */
  repeats(session: number, lo: number, hi: number): boolean {
    return this.seen.add(session, lo >>> 0, hi >>> 0);
  }

  /** The session has a new event at that horizon. */
  touch(session: number, horizon: number): void {
    this.rows.set64(session, LAST, horizon);
    if (this.rows.get64(session, TIMER) === 0) this.arm(session, horizon + this.endsAfterMs);
  }

  /** A timer came up: true when the session is over now; otherwise it is armed again. */
  isOver(session: number, due: number): boolean {
    if (!this.remembers(session, due)) {
      this.timers.ignored();
      return false;
    }
    this.rows.set64(session, TIMER, 0);
    const end = this.rows.get64(session, LAST) + this.endsAfterMs;
    if (end <= due) return true;
    this.arm(session, end);
    return false;
  }

  remembers(session: number, due: number): boolean {
    return this.rows.get64(session, TIMER) === due;
  }

  /** Ends an open session; its id may still be referred to. */
  end(session: number): void {
    const { rows } = this;
    if (rows.get64(session, TIMER) !== 0) this.timers.forgot();
    this.seen.clear(session);
    const references = rows.get32(session, REFERENCES);
    rows.clear(session);
    rows.set32(session, REFERENCES, references);
    const tenant = this.symbols.sessions.tenant(session);
    this.openOf[tenant] = (this.openOf[tenant] as number) - 1;
    this.open--;
  }

  /** Something keeps the id beyond the session's end. */
  refer(session: number): void {
    if (session <= OVERFLOW) return;
    this.all.reach(session);
    this.rows.set32(session, REFERENCES, this.rows.get32(session, REFERENCES) + 1);
  }

  unrefer(session: number): void {
    if (session <= OVERFLOW) return;
    this.rows.set32(session, REFERENCES, this.rows.get32(session, REFERENCES) - 1);
    this.releaseIfUnused(session);
  }

  pin(session: number): void {
    this.pinned = session;
  }

  unpin(): void {
    const session = this.pinned;
    this.pinned = 0;
    this.releaseIfUnused(session);
  }

  /** Gives the id back when the session is not open and nothing refers to it. */
  releaseIfUnused(session: number): void {
    if (session <= OVERFLOW || session === this.pinned) return;
    if (this.isOpen(session) || this.isReferredTo(session)) return;
    this.symbols.sessions.release(session);
  }

  fence(session: number): number {
    return this.rows.get64(session, FENCE);
  }

  setFence(session: number, at: number): void {
    this.rows.set64(session, FENCE, at);
  }

  /** Open sessions with an event in the last `withinMs` of the horizon. */
  countActive(horizon: number, withinMs: number): number {
    let count = 0;
    this.visitOpen((session) => {
      if (horizon - this.rows.get64(session, LAST) < withinMs) count++;
    });
    return count;
  }

  visitOpen(visit: (session: number) => void): void {
    for (let session = 1; session < this.all.bound; session++) if (this.isOpen(session)) visit(session);
  }

  save(into: SnapshotWriter): void {
    this.all.save(into, 'sessions');
    into.fact('sessions.openOf', [...this.openOf]);
  }

  load(from: SnapshotReader): void {
    this.all.load(from, 'sessions');
    this.openOf = [...from.fact<readonly number[]>('sessions.openOf')];
    this.tenants = this.openOf.filter((open) => open >= 0).length;
    this.open = this.openOf.reduce((sum, open) => sum + Math.max(0, open), 0);
  }

  armAll(): void {
    this.visitOpen((session) => {
      const due = this.rows.get64(session, TIMER);
      if (due !== 0) this.timers.add(due, TimerOf.session, session);
    });
  }

  private isReferredTo(session: number): boolean {
    return session < this.all.bound && this.rows.get32(session, REFERENCES) !== 0;
  }

  private arm(session: number, due: number): void {
    this.rows.set64(session, TIMER, due);
    this.timers.add(due, TimerOf.session, session);
  }
}
