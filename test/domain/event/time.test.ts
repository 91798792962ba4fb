import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timeOfBytes, timeOfNumber } from '../../../src/domain/event/time.ts';

function timeOfText(text: string): number {
  const bytes = Buffer.from(text);
  return timeOfBytes(bytes, 0, bytes.length);
}

describe('timeOfBytes', () => {
  it('agrees with Date on every instant and offset', () => {
    const instant = fc.date({ min: new Date(0), max: new Date(253_402_300_799_999), noInvalidDate: true });
    fc.assert(
      fc.property(instant, fc.integer({ min: -1439, max: 1439 }), (date, offset) => {
        expect(timeOfText(date.toISOString())).toBe(date.getTime());
        const local = new Date(date.getTime() + offset * 60_000).toISOString();
        if (local.startsWith('+') || local.startsWith('-')) return;
        const minutes = Math.abs(offset);
        const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
        expect(timeOfText(local.replace('Z', zone))).toBe(date.getTime());
      }),
    );
  });

  it.each([
    ['lower case', '2026-01-01t00:00:00z', 1_767_225_600_000],
    ['a space for the T', '2026-01-01 00:00:00Z', 1_767_225_600_000],
    ['fractions are rounded down', '2026-01-01T00:00:00.123999Z', 1_767_225_600_123],
    ['one digit of a fraction is tenths', '2026-01-01T00:00:00.5Z', 1_767_225_600_500],
    ['a leap day', '2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
    ['a leap second is the next one', '2016-12-31T23:59:60Z', Date.UTC(2017, 0, 1)],
  ])('takes %s', (_law, text, expected) => {
    expect(timeOfText(text)).toBe(expected);
  });

  it.each([
    '',
    '2026-01-01',
    '2026-01-01T00:00:00',
    '2026-01-01T00:00Z',
    '2026-01-01T00:00:00.Z',
    '2026-01-01T00:00:00,5Z',
    '2026-01-01T00:00:00+0100',
    '2026-01-01T00:00:00+24:00',
    '2026-01-01T00:00:00Zulu',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2025-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:60:00Z',
    '2026-01-01T00:00:61Z',
    '1969-12-31T23:59:59Z',
    '1970-01-01T00:00:00+00:01',
    ' 2026-01-01T00:00:00Z',
    '+026-01-01T00:00:00Z',
  ])('refuses %j', (text) => {
    expect(timeOfText(text)).toBeNaN();
  });
});

describe('timeOfNumber', () => {
  it('rounds down and refuses what no Date can say', () => {
    expect(timeOfNumber(1.9)).toBe(1);
    expect(timeOfNumber(8.64e15 - 1)).toBe(8.64e15 - 1);
    for (const wrong of [-1, -0.1, 8.64e15, Number.POSITIVE_INFINITY, Number.NaN])
      expect(timeOfNumber(wrong)).toBeNaN();
  });
});

function two(value: number): string {
  return String(value).padStart(2, '0');
}
