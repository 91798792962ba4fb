import type { PlanOptions } from './plan-options.ts';

/** From one kill to the next. */
export interface Step {
  /** So many calls of the stream are in the log before the daemon starts again. */
  readonly upTo: number;
  /** What the second instance does first. */
  readonly second: 'joins' | 'leaves' | null;
  readonly victim: 'first' | 'second';
  readonly moment: Moment;
}

/** When the victim is killed: so long after it listens, after something was read, or after that share of what can be decided now was. */
export interface Moment {
  readonly after: 'listening' | 'reading' | 'decided';
  /** Of the decisions that this step makes possible, (0, 1]. */
  readonly share: number;
  readonly delayMs: number;
}

/** The part of the stream that is there at the very start. */
const FIRST_SHARE = 0.25;
/** Longer than a checkpoint takes to come. */
const LONG_MS = 6_500;

export function stepsOf({ kills, second }: PlanOptions, calls: number, random: () => number): readonly Step[] {
  const steps: Step[] = [];
  let isSecondThere = false;
  let secondSince = 0;
  for (let n = 0; n < kills; n++) {
    let moves: Step['second'] = null;
    if (second && !isSecondThere && n % 4 === 1) moves = 'joins';
    // It stays for a kill or two, and leaves as often by itself as it is killed.
    if (isSecondThere && n - secondSince > 1) moves = 'leaves';
    if (moves !== null) {
      isSecondThere = moves === 'joins';
      secondSince = n;
    }
    const victim = isSecondThere && random() < 0.4 ? 'second' : 'first';
    if (victim === 'second') isSecondThere = false;
    const upTo = Math.floor(calls * (FIRST_SHARE + ((1 - FIRST_SHARE) * n) / kills));
    steps.push({ upTo, second: moves, victim, moment: momentOf(random) });
  }
  return steps;
}

/** Mostly in the midst of deciding, else while it reads (perhaps past a checkpoint), else while it starts. */
function momentOf(random: () => number): Moment {
  const kind = random();
  const share = 0.05 + random() * 0.9;
  if (kind < 0.5) return { after: 'decided', share, delayMs: Math.floor(random() * 20) };
  if (kind < 0.85) return { after: 'reading', share, delayMs: Math.floor(random() ** 2 * LONG_MS) };
  return { after: 'listening', share, delayMs: Math.floor(random() * 800) };
}
