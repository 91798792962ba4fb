import { formatDuration } from '../domain/duration.ts';
import type { Evidence } from '../domain/evidence.ts';
import type { MeasureSpec } from '../domain/rule.ts';

/**
 * The one line that an operator reads first, in the words of the contract (7). Of budgets and timeouts, as of a guard's own
 * limits, it says which; value and threshold are in the evidence.
 */
export function reasonFor(measure: MeasureSpec, evidence: Evidence): string {
  switch (measure.type) {
    case 'session_age':
    case 'session_idle':
      return 'Session timeout';
    case 'session_total':
      return `Budget exceeded: max_${measure.field}`;
    case 'value_sum':
      return anomaly(measure.field, measure, evidence);
    default:
      return anomaly(measure.type, measure, evidence);
  }
}

function anomaly(what: string, measure: MeasureSpec, { value, threshold, window_ms }: Evidence): string {
  const isMoney = 'field' in measure && measure.field === 'cost_usd';
  const [shown, limit] = isMoney ? dollars(value, threshold) : [String(value), String(threshold)];
  const during = window_ms === null ? '' : ` in ${formatDuration(window_ms)}`;
  return `Auto-kill: ${what} anomaly: ${shown}${during}, limit ${limit}`;
}

/** Sums of money are integers of 1e-9. */
const DECIMALS_MAX = 9;

/** The limit as it was written, the value as exact as it takes to tell it from the limit; cents at least. */
function dollars(value: number, limit: number): readonly [string, string] {
  const decimals = decimalsFor((text) => Number(text) === limit, limit, 2);
  const limitText = limit.toFixed(decimals);
  const needed = decimalsFor((text) => value === limit || Number(text) !== limit, value, decimals);
  return [value.toFixed(needed), limitText];
}

function decimalsFor(fits: (text: string) => boolean, amount: number, from: number): number {
  let decimals = from;
  while (decimals < DECIMALS_MAX && !fits(amount.toFixed(decimals))) decimals += 1;
  return decimals;
}
