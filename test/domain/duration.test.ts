import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatDuration, LONGEST_DURATION_MS, parseDuration } from '../../src/domain/duration.ts';

it.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['5m', 300_000],
  ['1h', 3_600_000],
  ['7d', 604_800_000],
  ['0s', 0],
  ['366d', LONGEST_DURATION_MS],
])('%s is a duration', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

it.each(['', '5', 'm', '5 m', '1.5h', '-1s', '1h30m', '5M', '367d', '9999999999999999999s', '५s', '5m\n'])(
  '%j is none',
  (text) => {
    expect(parseDuration(text)).toBeNull();
  },
);

it('what is formatted reads as the same, in the largest unit that divides it', () => {
  fc.assert(
    fc.property(fc.nat(LONGEST_DURATION_MS), (ms) => {
      expect(parseDuration(formatDuration(ms))).toBe(ms);
    }),
  );
  expect([0, 1_500, 90_000, 7_200_000, 86_400_000].map(formatDuration)).toEqual(['0s', '1500ms', '90s', '2h', '1d']);
});
