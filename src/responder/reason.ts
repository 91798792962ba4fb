import { formatDuration } from '../domain/duration.ts';
import type { Evidence } from '../domain/evidence.ts';
import type { MeasureSpec } from '../domain/rule.ts';

/** The one line that an operator reads first: what was measured, over how long, and what was allowed. */
export function reasonFor(measure: MeasureSpec, evidence: Evidence): string {
  const value = amount(measure, evidence.value);
  const limit = amount(measure, evidence.threshold);
  const during = evidence.window_ms === null ? '' : ` in ${formatDuration(evidence.window_ms)}`;
  switch (measure.type) {
    case 'session_age':
    case 'session_idle':
      return `Session timeout: ${measure.type === 'session_age' ? 'open' : 'idle'} for ${value}, limit ${limit}`;
    case 'session_total':
      return `Budget exceeded: ${measure.field}: ${value}, limit ${limit}`;
    case 'value_sum':
      return `Auto-kill: ${measure.field} anomaly: ${value}${during}, limit ${limit}`;
    default:
      return `Auto-kill: ${measure.type} anomaly: ${value}${during}, limit ${limit}`;
  }
}

function amount(measure: MeasureSpec, value: number): string {
  if (measure.type === 'session_age' || measure.type === 'session_idle') return roughly(value);
  if ('field' in measure && measure.field === 'cost_usd') return value.toFixed(2);
  return String(value);
}

/** Whole seconds are enough for a person. */
function roughly(ms: number): string {
  return formatDuration(ms < 1_000 ? ms : Math.floor(ms / 1_000) * 1_000);
}
