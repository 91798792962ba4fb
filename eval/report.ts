import { oneLine } from '../src/cli/format.ts';
import { table } from '../src/cli/output.ts';
import { missedGoals } from './goals.ts';
import { type Outcome, type Tally, tallies } from './outcome.ts';
import { COMBINATIONS, SHOWS } from './repetition.ts';

/** The rules over every source. */
export interface Report {
  readonly tallies: readonly Tally[];
  readonly killedClean: readonly KilledClean[];
  readonly criteria: readonly CriterionTally[];
  /** Switches that would have been tripped for more than one session. */
  readonly wider: readonly string[];
  /** Sentences; empty when all is reached. */
  readonly missed: readonly string[];
}

export interface KilledClean {
  readonly source: string;
  readonly sessionId: string;
  readonly rule: string;
  readonly reason: string;
  readonly made: number;
  readonly prevented: number;
}

/** Of the labelled pathologies of all sources, those that meet a criterion. */
export interface CriterionTally {
  readonly criterion: string;
  readonly sessions: number;
  readonly caught: number;
}

export interface JudgedSource {
  readonly name: string;
  readonly outcomes: readonly Outcome[];
  readonly wider: readonly string[];
}

export function reportOf(sources: readonly JudgedSource[]): Report {
  const all = sources.flatMap(({ name, outcomes }) => tallies(name, outcomes));
  return {
    tallies: all,
    killedClean: sources.flatMap(killedClean),
    criteria: criterionTallies(sources.flatMap(({ outcomes }) => outcomes)),
    wider: sources.flatMap(({ name, wider }) => wider.map((line) => `${name}: ${line}`)),
    missed: missedGoals(all),
  };
}

export function reportText({ tallies: all, killedClean: clean, criteria, wider, missed }: Report): string {
  const parts = [
    table([HEADER, ...all.map(tallyRow)]),
    clean.length === 0
      ? 'Clean sessions that were killed: none\n'
      : `Clean sessions that were killed\n${table([CLEAN_HEADER, ...clean.map(cleanRow)])}`,
    `Labelled pathologies, by what repetition may mean\n${table([CRITERION_HEADER, ...criteria.map(criterionRow)])}`,
    `Switches tripped for more than one session: ${wider.length === 0 ? 'none' : `\n${wider.join('\n')}`}\n`,
    missed.length === 0 ? 'All goals are reached.\n' : `${missed.join('\n')}\n`,
  ];
  return parts.join('\n');
}

const HEADER = 'SOURCE,GROUP,KIND,SESSIONS,REJECTED,KILLED,SHARE,REPEATING,CAUGHT,MADE,PREVENTED'.split(',');
const CLEAN_HEADER = 'SOURCE,RULE,KILLED AT,SESSION,REASON'.split(',');
const CRITERION_HEADER = 'SESSIONS,CAUGHT,CRITERION'.split(',');

function tallyRow(tally: Tally): string[] {
  const { source, group, kind, sessions, rejected, killed, repeating, caught, made, prevented } = tally;
  const share = `${((100 * killed) / Math.max(sessions, 1)).toFixed(2)}%`;
  return [source, group, kind, ...[sessions, rejected, killed].map(String), share].concat(
    [repeating, caught, made, prevented].map(String),
  );
}

function cleanRow({ source, rule, made, prevented, sessionId, reason }: KilledClean): string[] {
  return [source, rule, `call ${made} of ${made + prevented}`, oneLine(sessionId, 250), oneLine(reason)];
}

function criterionRow({ criterion, sessions, caught }: CriterionTally): string[] {
  return [String(sessions), String(caught), criterion];
}

function killedClean({ name, outcomes }: JudgedSource): KilledClean[] {
  return outcomes.flatMap(({ session, kill }) => {
    if (kill === null || session.group.kind !== 'clean') return [];
    const { rule, reason, made, prevented } = kill;
    return [{ source: name, sessionId: session.sessionId, rule, reason, made, prevented }];
  });
}

function criterionTallies(outcomes: readonly Outcome[]): CriterionTally[] {
  const looping = outcomes.filter(({ session, isRejected }) => session.group.kind === 'pathology' && !isRejected);
  return [SHOWS, ...COMBINATIONS].map(({ name, holds }) => {
    const meeting = looping.filter(({ session }) => holds(session.calls));
    return {
      criterion: name,
      sessions: meeting.length,
      caught: meeting.filter(({ kill }) => kill !== null).length,
    };
  });
}
