import type { Symbols } from '../../domain/event/symbols.ts';
import type { EventView } from '../../domain/event/view.ts';

/** One question about an event. */
export type EventTest = (view: EventView) => boolean;

/** A question that needs one partition's symbols first: ids mean nothing without them. */
export type BoundTest = (symbols: Symbols) => EventTest;

/** Asks in order, cheapest first, and stops at the first no; null for no questions. */
export function and(tests: readonly EventTest[]): EventTest | null {
  return tests.reduceRight<EventTest | null>((rest, test) => {
    if (rest === null) return test;
    return (view) => test(view) && rest(view);
  }, null);
}
