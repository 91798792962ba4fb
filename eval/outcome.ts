import type { Kill, Verdict } from './backtest.ts';
import { groupBy } from './group-by.ts';
import { SHOWS } from './repetition.ts';
import { type Session, type Source, sessionKey } from './source.ts';

/** Session ids are at most this long (contract, the event): events with longer ones are none, and no rule sees them. */
const ID_BYTES_MAX = 256;

/** What became of one session. */
export interface Outcome {
  readonly session: Session;
  readonly isRejected: boolean;
  readonly repeats: boolean;
  readonly kill: KilledAt | null;
}

export interface KilledAt extends Kill {
  /** Calls up to the one that decided, that one included: they were made. */
  readonly made: number;
  /** Calls after it: a guard would have refused them. */
  readonly prevented: number;
}

/** The sessions of one source and group, counted. */
export interface Tally {
  readonly source: string;
  readonly group: string;
  readonly kind: Session['group']['kind'];
  /** With at least one call, without the rejected ones. */
  readonly sessions: number;
  readonly rejected: number;
  readonly killed: number;
  /** In which repetition shows; of these, how many were killed. */
  readonly repeating: number;
  readonly caught: number;
  /** Of the killed ones. */
  readonly made: number;
  readonly prevented: number;
}

/** Joins sessions and verdict. @throws Error where a kill names a session or a call that is not in the source */
export function outcomesOf({ name, sessions }: Source, { kills }: Verdict): Outcome[] {
  const known = new Set(sessions.map(({ tenantId, sessionId }) => sessionKey(tenantId, sessionId)));
  const stranger = [...kills.keys()].find((key) => !known.has(key));
  if (stranger !== undefined) throw new Error(`${name}: a session was killed that has no label: ${stranger}`);
  return sessions.map((session) => {
    const kill = kills.get(sessionKey(session.tenantId, session.sessionId));
    return {
      session,
      isRejected: Buffer.byteLength(session.sessionId) > ID_BYTES_MAX,
      repeats: SHOWS.holds(session.calls),
      kill: kill === undefined ? null : killedAt(session, kill),
    };
  });
}

/** One tally per group: clean ones first, then attacked, pathological and unlabelled. */
export function tallies(source: string, outcomes: readonly Outcome[]): Tally[] {
  const groups = groupBy(outcomes, ({ session }) => session.group.name);
  const order: readonly Tally['kind'][] = ['clean', 'attacked', 'pathology', 'unlabelled'];
  return [...groups.values()]
    .map((its) => tally(source, its))
    .sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || (a.group < b.group ? -1 : 1));
}

function killedAt({ sessionId, calls }: Session, kill: Kill): KilledAt {
  const index = calls.findIndex(({ eventId }) => eventId === kill.eventId);
  if (index < 0) throw new Error(`the call that ended ${sessionId} is none of its own: ${kill.eventId}`);
  return { ...kill, made: index + 1, prevented: calls.length - index - 1 };
}

function tally(source: string, outcomes: readonly Outcome[]): Tally {
  const judged = outcomes.filter(({ isRejected }) => !isRejected);
  const kills = judged.flatMap(({ kill }) => (kill === null ? [] : [kill]));
  const repeating = judged.filter(({ repeats }) => repeats);
  const { name: group, kind } = outcomes[0]!.session.group;
  return {
    source,
    group,
    kind,
    sessions: judged.length,
    rejected: outcomes.length - judged.length,
    killed: kills.length,
    repeating: repeating.length,
    caught: repeating.filter(({ kill }) => kill !== null).length,
    made: kills.reduce((sum, { made }) => sum + made, 0),
    prevented: kills.reduce((sum, { prevented }) => sum + prevented, 0),
  };
}
