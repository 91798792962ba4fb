import type { EventView } from '../domain/event/view.ts';
import { ENTRY_WORDS, type Rings } from './rings.ts';
import type { Sessions } from './sessions.ts';

const SESSION = ENTRY_WORDS;
const TOOL = ENTRY_WORDS + 1;
/** Words of an entry that says who called. */
export const CALLER_WORDS = ENTRY_WORDS + 2;

/**
 * Who made the calls in rings: two words of each entry, the session and the tool. Where keys may have calls of several sessions,
 * an entry keeps its session's id from being given to another.
 */
export class Callers {
  private readonly rings: Rings;
  private readonly sessions: Sessions;
  private readonly isWide: boolean;

  /** @param isWide whether a key may have calls of several sessions */
  constructor(rings: Rings, sessions: Sessions, isWide: boolean) {
    this.rings = rings;
    this.sessions = sessions;
    this.isWide = isWide;
  }

  write(address: number, view: EventView): void {
    const { words } = this.rings.arena;
    words[address + SESSION] = view.session;
    words[address + TOOL] = view.tool;
    if (this.isWide) this.sessions.refer(view.session);
  }

  /** The entry is about to leave. */
  leave(address: number): void {
    if (this.isWide) this.sessions.unrefer(this.session(address));
  }

  session(address: number): number {
    return this.rings.arena.words[address + SESSION] as number;
  }

  /** Sessions that made the calls of a ring, most calls first, of several the one that called first; null where the key says it. */
  sessionsOf(row: number): readonly number[] | null {
    if (!this.isWide) return null;
    const calls = new Map<number, number>();
    for (let i = 0; i < this.rings.length(row); i++) {
      const session = this.session(this.rings.at(row, i));
      if (session > 1) calls.set(session, (calls.get(session) ?? 0) + 1);
    }
    return [...calls].sort(([, a], [, b]) => b - a).map(([session]) => session);
  }

  /** The one tool that was called in a ring; 0 when there were several. */
  toolOf(row: number): number {
    const { words } = this.rings.arena;
    const tool = this.rings.length(row) === 0 ? 0 : (words[this.rings.at(row, 0) + TOOL] as number);
    for (let i = 1; i < this.rings.length(row); i++) if (words[this.rings.at(row, i) + TOOL] !== tool) return 0;
    return tool;
  }
}
