import type { Alert } from '../domain/alert.ts';
import type { Runner } from './runner.ts';

/**
 * Alerts of one instant come in the order of their rules and then of their keys' texts, however the state behind them is laid
 * out. Of one key the order in which they were told stays.
 */
export function sortFrom(alerts: Alert[], start: number, runners: readonly Runner[]): void {
  if (alerts.length - start < 2) return;
  const placeOf = new Map(runners.map((runner, place) => [runner.rule, place]));
  const place = ({ rule }: Alert): number => placeOf.get(rule) ?? -1;
  const sorted = alerts.slice(start).sort((a, b) => place(a) - place(b) || compare(a.keyText, b.keyText));
  alerts.splice(start, sorted.length, ...sorted);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
