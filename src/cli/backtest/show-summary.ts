import { formatDuration } from '../../domain/duration.ts';
import type { LimitPeak } from '../../rehearsal/limit-peaks.ts';
import type { KeySummary, RuleSummary, Summary } from '../../rehearsal/summary.ts';
import { oneLine, timeText } from '../format.ts';
import { table } from '../output.ts';

const TOP_KEYS = 10;

/** What each rule would have done, the keys that fired most, and how near the limits were. */
export function summaryTable(summary: Summary): string {
  const { rules, peaks } = summary;
  const keys = summary.topKeys(TOP_KEYS);
  const parts = [table([RULE_COLUMNS, ...rules.map(ruleRow)])];
  if (keys.length > 0) parts.push(table([KEY_COLUMNS, ...keys.map(keyRow)]));
  if (peaks.length > 0) parts.push(table([LIMIT_COLUMNS, ...peaks.map(limitRow)]));
  return parts.join('\n');
}

const RULE_COLUMNS = ['RULE', 'SEVERITY', 'ALERTS', 'KEYS', 'ACTIONS', 'SIMULATED', 'SUPPRESSED', 'FIRST AT'];

function ruleRow({ rule, severity, alerts, keys, actions, simulated, suppressed, firstAt }: RuleSummary): string[] {
  const counts = [alerts, keys, actions, simulated, suppressed].map(String);
  return [rule, severity, ...counts, firstAt === null ? '-' : timeText(firstAt)];
}

const KEY_COLUMNS = ['TOP KEYS', 'ALERTS', 'ACTIONS', 'FIRST AT', 'KEY'];

function keyRow({ rule, key, alerts, actions, firstAt }: KeySummary): string[] {
  return [rule, String(alerts), String(actions), timeText(firstAt), oneLine(key)];
}

const LIMIT_COLUMNS = ['LIMIT', 'MOST ACTIONS', 'ALLOWED', 'AT', 'OF'];

function limitRow({ limit, tenant, actions, at, perMs, max }: LimitPeak): string[] {
  const allowed = `${limit === 'share' ? 'at least ' : ''}${max} per ${formatDuration(perMs)}`;
  const most = limit !== 'share' && actions > max ? `${actions} (over)` : String(actions);
  return [limit, most, allowed, timeText(at), tenant === null ? 'all tenants together' : oneLine(tenant)];
}
