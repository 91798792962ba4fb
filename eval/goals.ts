import { groupBy } from './group-by.ts';
import type { Tally } from './outcome.ts';

/** At most this share of a source's clean sessions may be killed. */
const CLEAN_SHARE_MAX = 0.01;
/** Of these none at all. */
const NONE: readonly string[] = ['moatless', 'taubench'];

/** What the shipped rules are held to and miss, one sentence each; empty when all is reached. */
export function missedGoals(tallies: readonly Tally[]): string[] {
  const sources = groupBy(tallies, ({ source }) => source);
  return [...sources].flatMap(([source, its]) => [...cleanKilled(source, its), ...notCaught(its)]);
}

function cleanKilled(source: string, tallies: readonly Tally[]): string[] {
  const clean = tallies.filter(({ kind }) => kind === 'clean');
  const killed = clean.reduce((sum, tally) => sum + tally.killed, 0);
  const sessions = clean.reduce((sum, tally) => sum + tally.sessions, 0);
  const allowed = NONE.includes(source) ? 0 : sessions * CLEAN_SHARE_MAX;
  if (killed <= allowed) return [];
  return [`${source}: ${killed} of ${sessions} clean sessions were killed, at most ${Math.floor(allowed)} may be.`];
}

function notCaught(tallies: readonly Tally[]): string[] {
  return tallies
    .filter(({ kind, caught, repeating }) => kind === 'pathology' && caught < repeating)
    .map(
      ({ source, group, caught, repeating }) =>
        `${source}: of ${repeating} sessions of ${group} in which repetition shows, only ${caught} were caught.`,
    );
}
