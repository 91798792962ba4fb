import type { Fate } from './backtest.ts';

/** Where a record comes from, for people: `events.ndjson:12`. */
export type Place = () => string;

/** Records that were no events for one reason; the first few by name. */
export interface Rejected {
  readonly reason: string;
  readonly count: number;
  readonly first: readonly { readonly place: string; readonly detail: string }[];
}

const SHOWN = 5;

/** What came in, and what became of it: nothing is dropped silently. */
export class Intake {
  /** Events that were judged. */
  taken = 0;
  /** Records outside of the asked-for span of time. */
  outside = 0;
  /** Records whose offset had been read before. */
  known = 0;
  readonly #rejected = new Map<string, { reason: string; count: number; first: { place: string; detail: string }[] }>();

  /** By reason, most first. */
  get rejected(): readonly Rejected[] {
    return [...this.#rejected.values()].sort((a, b) => b.count - a.count);
  }

  /** Everything that was no event. */
  get invalid(): number {
    return this.rejected.reduce((sum, { count }) => sum + count, 0);
  }

  count(fate: Fate, place: Place): void {
    if (fate === 'taken') this.taken++;
    else if (fate === 'outside') this.outside++;
    else if (fate === 'known') this.known++;
    else this.reject(fate.reason, fate.detail, place);
  }

  reject(reason: string, detail: string, place: Place): void {
    let rejected = this.#rejected.get(reason);
    if (rejected === undefined) {
      rejected = { reason, count: 0, first: [] };
      this.#rejected.set(reason, rejected);
    }
    rejected.count++;
    if (rejected.first.length < SHOWN) rejected.first.push({ place: place(), detail });
  }
}
