import type { EventView } from '../domain/event/view.ts';
import { ENTRY_WORDS, type Rings } from './rings.ts';
import type { Sessions } from './sessions.ts';

const TOOL = ENTRY_WORDS;
const SESSION = ENTRY_WORDS + 1;

/** Whose calls a key has: of the session that the key is, of one session, or of several. */
export type Reach = 'session' | 'of_session' | 'wide';

/** Words of an entry that says who called. */
export const callerWords = (reach: Reach): number => (reach === 'session' ? TOOL + 1 : SESSION + 1);

/**
 * Who made the calls in rings: the tool, and where the key is not the session itself, the session. Where keys may have calls of
 * several sessions, an entry keeps its session's id from being given to another.
 */
export class Callers {
  private readonly rings: Rings;
  private readonly sessions: Sessions;
  private readonly reach: Reach;

  constructor(rings: Rings, sessions: Sessions, reach: Reach) {
    this.rings = rings;
    this.sessions = sessions;
    this.reach = reach;
  }

  write(address: number, view: EventView): void {
    this.rings.setWord(address, TOOL, view.tool);
    if (this.reach === 'session') return;
    this.rings.setWord(address, SESSION, view.session);
    if (this.reach === 'wide') this.sessions.refer(view.session);
  }

  /** The entry is about to leave. */
  leave(address: number): void {
    if (this.reach === 'wide') this.sessions.unrefer(this.session(address));
  }

  /** Not where the key is the session. */
  session(address: number): number {
    return this.rings.word(address, SESSION);
  }

  /** Sessions that made the calls of a ring, most calls first, of several the one that called first; null where the key says it. */
  sessionsOf(row: number): readonly number[] | null {
    if (this.reach !== 'wide') return null;
    const calls = new Map<number, number>();
    for (let i = 0; i < this.rings.length(row); i++) {
      const session = this.session(this.rings.at(row, i));
      if (session > 1) calls.set(session, (calls.get(session) ?? 0) + 1);
    }
    return [...calls].sort(([, a], [, b]) => b - a).map(([session]) => session);
  }

  /** The one tool that was called in a ring; 0 when there were several. */
  toolOf(row: number): number {
    const { rings } = this;
    const tool = rings.length(row) === 0 ? 0 : this.tool(rings.at(row, 0));
    for (let i = 1; i < rings.length(row); i++) if (this.tool(rings.at(row, i)) !== tool) return 0;
    return tool;
  }

  private tool(address: number): number {
    return this.rings.word(address, TOOL);
  }
}
