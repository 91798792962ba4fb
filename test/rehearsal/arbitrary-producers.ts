import fc from 'fast-check';

/** How a producer's clock stands to the broker's. */
export type ProducerClock =
  | { readonly kind: 'right' }
  | { readonly kind: 'behind' | 'ahead'; readonly ms: number }
  /** Right until a record of the stream, then that far behind: somebody set it. */
  | { readonly kind: 'steps back'; readonly after: number; readonly ms: number }
  /** Events of another day, produced today: at a pace of their own. */
  | { readonly kind: 'old'; readonly ms: number; readonly pace: number };

/** What it shows for record `index` of a stream that began at `start` and is appended at `at`: epoch ms. */
export function timeAt(clock: ProducerClock, start: number, at: number, index: number): number {
  switch (clock.kind) {
    case 'right':
      return at;
    case 'behind':
      return at - clock.ms;
    case 'ahead':
      return at + clock.ms;
    case 'steps back':
      return index < clock.after ? at : at - clock.ms;
    case 'old':
      return Math.round(start - clock.ms + (at - start) * clock.pace);
  }
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export const NAMED_CLOCKS: readonly ProducerClock[] = [
  { kind: 'right' },
  { kind: 'behind', ms: 90_000 },
  { kind: 'behind', ms: 2 * HOUR_MS },
  { kind: 'steps back', after: 10, ms: 90_000 },
  { kind: 'steps back', after: 25, ms: 2 * HOUR_MS },
  { kind: 'ahead', ms: 1_500 },
  { kind: 'ahead', ms: 10 * MINUTE_MS },
  { kind: 'old', ms: 30 * DAY_MS, pace: 1 },
  { kind: 'old', ms: 400 * DAY_MS, pace: 60 },
];

export const anyProducerClock: fc.Arbitrary<ProducerClock> = fc.oneof(
  fc.constantFrom(...NAMED_CLOCKS),
  fc.record({
    kind: fc.constantFrom('behind' as const, 'ahead' as const),
    ms: fc.oneof(fc.nat({ max: 2_500 }), fc.nat({ max: 3 * HOUR_MS })),
  }),
  fc.record({
    kind: fc.constant('steps back' as const),
    after: fc.nat({ max: 60 }),
    ms: fc.oneof(fc.nat({ max: 2_500 }), fc.nat({ max: 3 * HOUR_MS })),
  }),
  fc.record({
    kind: fc.constant('old' as const),
    ms: fc.integer({ min: DAY_MS, max: 800 * DAY_MS }),
    pace: fc.constantFrom(0, 0.1, 1, 7, 60),
  }),
);
