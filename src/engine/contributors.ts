import { EVIDENCE_EVENTS } from './limits.ts';
import type { Rings } from './rings.ts';

/** The events that made a value, as far as they are known one by one. */
export interface Contributors {
  /** The newest in the measure's order, at most as many as evidence names, oldest first. */
  readonly events: readonly Contributor[];
  /** The record with the greatest offset; null when none is known. */
  readonly newest: Contributor | null;
}

export interface Contributor {
  readonly offset: number;
  readonly appendedAt: number;
  /** Effective time. */
  readonly time: number;
}

/** The contributors in a ring. @param nextOffset greater than the offset of any. */
export function contributorsOf(rings: Rings, row: number, nextOffset: number): Contributors {
  const all: Contributor[] = [];
  for (let i = 0; i < rings.length(row); i++) {
    const at = rings.at(row, i);
    all.push({ offset: rings.offset(at, nextOffset), appendedAt: rings.appendedAt(at), time: rings.time(at) });
  }
  const newest = all.reduce<Contributor | null>((a, b) => (a === null || b.offset > a.offset ? b : a), null);
  return { events: all.slice(-EVIDENCE_EVENTS), newest };
}
