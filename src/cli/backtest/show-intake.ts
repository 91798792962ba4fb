import type { Backtest } from '../../rehearsal/backtest.ts';
import type { Intake, Rejected } from '../../rehearsal/intake.ts';
import { oneLine, timeText } from '../format.ts';

/** What came in and how fast, and everything that did not count, with its reason. */
export function intakeText(intake: Intake, backtest: Backtest, elapsedMs: number): string {
  const lines = [readText(intake, backtest, elapsedMs)];
  if (intake.outside > 0) lines.push(`${many(intake.outside, 'event')} outside of --from and --to`);
  if (intake.known > 0) lines.push(`${many(intake.known, 'record')} left out: their offset had been read before`);
  if (intake.invalid > 0) lines.push(`${many(intake.invalid, 'record')} left out that are no events:`);
  lines.push(...intake.rejected.flatMap(rejectedLines));
  return `${lines.join('\n')}\n`;
}

function readText({ taken }: Intake, { first, last, sessions }: Backtest, elapsedMs: number): string {
  if (taken === 0) return 'No events were read.';
  const span = `from ${timeText(first)} to ${timeText(last)}`;
  const speed = Math.round((taken / Math.max(elapsedMs, 1)) * 1_000);
  const time = `read in ${(elapsedMs / 1_000).toFixed(2)} s (${grouped(speed)} a second)`;
  return `${many(taken, 'event')} of ${many(sessions, 'session')} ${span}, ${time}`;
}

function rejectedLines({ reason, count, first }: Rejected): string[] {
  const examples = first.map(({ place, detail }) => `    ${oneLine(`${place}: ${detail}`)}`);
  const more = count > first.length ? [`    and ${grouped(count - first.length)} more`] : [];
  return [`  ${reason}: ${grouped(count)}`, ...examples, ...more];
}

/** `16,910 events`, `1 event`. */
function many(value: number, what: string): string {
  return `${grouped(value)} ${what}${value === 1 ? '' : 's'}`;
}

/** `16,910`. */
function grouped(value: number): string {
  return value.toLocaleString('en');
}
