import type { PlainAlert } from './plain.ts';

/** Example times are written from here on: divisible by 64 of every window that examples use, so slices are easy to see. */
export const BASE = 1_700_000_000_000;

/** One alert as one line, times from {@link BASE}: what worked examples expect. */
export function lineOf(alert: PlainAlert): string {
  const head = `${alert.at - BASE} ${alert.state} ${alert.rule} ${alert.key}`;
  if (alert.state === 'resolved') return `${head}: ${alert.why}, opened by ${causeFromBase(alert.cause)}`;
  const { telling } = alert;
  const made = telling.sessions.map(({ tenant, session }) => `${tenant}/${session}`).join(' ');
  return [
    `${head}: ${alert.value} against ${alert.threshold}`,
    `at ${alert.windowEnd - BASE}`,
    `by ${causeFromBase(alert.cause)}`,
    `from ${telling.evidence.join(' ')}`,
    ...(alert.key.includes('session=') || made === '' ? [] : [`made by ${made}`]),
  ].join(', ');
}

/** `record 3 at 20` or `timer at 25`. */
function causeFromBase(cause: string): string {
  const words = cause.split(' ');
  const time = Number(words.at(-1)) - BASE;
  return words[0] === 'record' ? `record ${words[1]} at ${time}` : `timer at ${time}`;
}
