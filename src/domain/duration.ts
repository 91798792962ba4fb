/** Durations as people write them: `500ms`, `30s`, `5m`, `1h`, `7d`. One whole number and one unit. */
const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** The longest duration that may be written, ms: a year and a day. */
export const LONGEST_DURATION_MS = 366 * UNITS.d;

/** The written form, also for JSON Schema; how long it may be is not part of it. */
export const DURATION_PATTERN = '^[0-9]{1,15}(ms|s|m|h|d)$';

const FORM = new RegExp(DURATION_PATTERN);

/** @returns integer milliseconds, 0 … {@link LONGEST_DURATION_MS}; null when the text is no duration or too long. */
export function parseDuration(text: string): number | null {
  if (!FORM.test(text)) return null;
  const digits = /^[0-9]+/.exec(text)![0];
  const ms = Number(digits) * UNITS[text.slice(digits.length) as keyof typeof UNITS];
  return ms <= LONGEST_DURATION_MS ? ms : null;
}

/** What was meant by a text that is no duration: `5 minutes`, `1h30m`, `2w`; null where that is anybody's guess. */
export function meantDuration(text: string): string | null {
  const parts = [...text.toLowerCase().matchAll(/([0-9]{1,9})\s*(ms|[smhdw])[a-z]*\s*/g)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text.toLowerCase().trimStart()) return null;
  const ms = parts.reduce((sum, [, number, unit]) => sum + Number(number) * MEANT[unit as keyof typeof MEANT], 0);
  return ms <= LONGEST_DURATION_MS ? formatDuration(ms) : null;
}

const MEANT = { ...UNITS, w: 7 * UNITS.d } as const;

/** The shortest text that means exactly that: in the largest unit that divides it. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  const unit = (['d', 'h', 'm', 's'] as const).find((name) => ms % UNITS[name] === 0) ?? 'ms';
  return `${ms / UNITS[unit]}${unit}`;
}
