import type { Call } from './source.ts';

/**
 * What it may mean that a session repeats itself, stated apart from the shipped rules: the labels say that a run went on
 * until something cut it off, not that it did the same thing again, and a rule about repetition can only see the latter.
 */
export interface Criterion {
  readonly name: string;
  readonly holds: (calls: readonly Call[]) => boolean;
}

/** The one that the shipped rules are held to: shares of the whole session, so that no threshold of ours is in it. */
export const SHOWS: Criterion = {
  name: 'of six or more calls at least half are repeats with no other write between, or at most a third are different',
  holds: (calls) => calls.length >= 6 && (isHalfRepeats(calls) || fewest(calls, calls.length) * 3 <= calls.length),
};

/** Both of the data's own, from the table "How often simple rules fire". */
export const COMBINATIONS: readonly Criterion[] = [
  {
    name: 'combo_b: 5 in a row, 8 with no other write between, or 3 different of 16',
    holds: (calls) => mostInARow(calls) >= 5 || Math.max(...repeats(calls)) >= 8 || fewest(calls, 16) <= 3,
  },
  {
    name: 'combo_a: 4 in a row, 6 with no other write between, or 3 different of 12',
    holds: (calls) => mostInARow(calls) >= 4 || Math.max(...repeats(calls)) >= 6 || fewest(calls, 12) <= 3,
  },
];

function isHalfRepeats(calls: readonly Call[]): boolean {
  return repeats(calls).filter((count) => count > 1).length * 2 >= calls.length;
}

/** For each call, the how manieth of its kind it is with no other write between. */
function repeats(calls: readonly Call[]): number[] {
  let counts = new Map<string, number>();
  return calls.map(({ operation, isWrite }) => {
    const count = (counts.get(operation) ?? 0) + 1;
    if (isWrite) counts = new Map();
    counts.set(operation, count);
    return count;
  });
}

function mostInARow(calls: readonly Call[]): number {
  let run = 0;
  let last: string | undefined;
  const runs = calls.map(({ operation }) => {
    run = operation === last ? run + 1 : 1;
    last = operation;
    return run;
  });
  return Math.max(...runs);
}

/** The fewest different calls among any `length` in a row; more than that where there are not so many. */
function fewest(calls: readonly Call[], length: number): number {
  const ends = calls.slice(length - 1).map((_, start) => calls.slice(start, start + length));
  return Math.min(length + 1, ...ends.map((part) => new Set(part.map(({ operation }) => operation)).size));
}
