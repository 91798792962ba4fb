/** One row of the result: a median with everything that it depends on. */
export interface Figure {
  readonly measure: string;
  readonly subject: string;
  /** What the value is, with its unit: `events per CPU second`. */
  readonly what: string;
  readonly value: number;
  /** Of every run, in order. */
  readonly runs: readonly number[];
  readonly wallS: number | null;
  readonly cpuS: number | null;
  readonly memoryMb: number | null;
  readonly workload: WorkloadText;
  readonly goals: readonly Goal[];
  /** Why it does not count; null where it does. */
  readonly invalid: string | null;
  readonly notes?: string;
}

export interface WorkloadText {
  readonly events: number | null;
  readonly sessions: number | null;
  /** Records per batch on the wire; null where there is no wire. */
  readonly batch: number | null;
  readonly rules: string | null;
}

export interface Goal {
  /** `reach`: must be met; `aim`: better. */
  readonly kind: 'reach' | 'aim';
  readonly text: string;
  readonly actual: number;
  readonly met: boolean;
}

/** What one run of one subject has cost. */
export interface Run {
  readonly value: number;
  readonly wallS?: number;
  readonly cpuS?: number;
  readonly memoryMb?: number;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** @param share from 0 to 1 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

type FigureText = Pick<Figure, 'measure' | 'subject' | 'what' | 'workload'> &
  Partial<Pick<Figure, 'goals' | 'invalid' | 'notes'>>;

export function figureOf(text: FigureText, runs: readonly Run[]): Figure {
  const value = medianOf(runs.map((run) => run.value)) as number;
  return {
    ...{ goals: [], invalid: null, ...text, value },
    runs: runs.map((run) => run.value),
    wallS: medianOf(runs.map(({ wallS }) => wallS)),
    cpuS: medianOf(runs.map(({ cpuS }) => cpuS)),
    memoryMb: medianOf(runs.map(({ memoryMb }) => memoryMb)),
  };
}

function medianOf(values: readonly (number | undefined)[]): number | null {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? null : median(known);
}

export function atLeast(kind: Goal['kind'], bound: number, of: string, actual: number): Goal {
  return { kind, text: `at least ${bound}${of}`, actual, met: actual >= bound };
}

export function atMost(kind: Goal['kind'], bound: number, of: string, actual: number): Goal {
  return { kind, text: `at most ${bound}${of}`, actual, met: actual <= bound };
}
