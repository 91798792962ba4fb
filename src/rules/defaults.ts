import type { Action, FingerprintPart, GroupKey, MeasureSpec, Rule, Severity } from '../domain/rule.ts';
import { DEFAULT_TTL_MS } from './grammar/actions.ts';

/** What a rule means where it does not say (docs/rules.md). */
export const DEFAULT_GROUP_BY: readonly GroupKey[] = ['session'];
export const DEFAULT_COOLDOWN_MS = 5 * 60_000;
export const DEFAULT_ACTIVE_WITHIN_MS = 5 * 60_000;
export const DEFAULT_FINGERPRINT: readonly FingerprintPart[] = ['tool', 'args'];

/** Whoever writes actions means them; without, an alert is for people. */
export function defaultSeverity(actions: readonly Action[] | undefined): Severity {
  return actions !== undefined && actions.length > 0 ? 'critical' : 'warning';
}

/** What a critical rule without actions does; null where it has to say. */
export function defaultActions(rule: Pick<Rule, 'groupBy' | 'measure'>): readonly Action[] | null {
  if (rule.groupBy.includes('session')) return [{ type: 'terminate_session' }];
  if (rule.groupBy.join() === 'tenant')
    return [flipWithMode({ type: 'flip_tenant', mode: null, ttlMs: DEFAULT_TTL_MS }, rule.measure)];
  return null;
}

/** A flip over cost or tokens stops everything, as model calls would go on burning; others leave it to `mode_when_enabled`. */
export function flipWithMode(action: Action, measure: MeasureSpec): Action {
  const isFlip = action.type === 'flip_tenant' || action.type === 'flip_global';
  return isFlip && action.mode === null && isSpending(measure) ? { ...action, mode: 'stop_all' } : action;
}

function isSpending(measure: MeasureSpec): boolean {
  if (measure.type === 'value_sum') return /^(cost_usd|tokens|tokens_in|tokens_out)$/.test(measure.field);
  return measure.type === 'session_total' && measure.field !== 'actions';
}
