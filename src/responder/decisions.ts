import type { FiringAlert } from '../domain/alert.ts';
import type { ActionType, Decision } from '../domain/decision.ts';
import { decisionId } from '../domain/ids.ts';
import type { Mode } from '../domain/mode.ts';
import type { Action, MeasureSpec } from '../domain/rule.ts';
import { GLOBAL, type Scope, scopeText } from '../domain/scope.ts';
import { reasonFor } from './reason.ts';
import { type ResponderSettings, TIMEOUT_TTL_MS } from './settings.ts';

/** Every decision that a rule's actions ask for on this alert: one per action and target. */
export function decisionsFor(alert: FiringAlert, settings: ResponderSettings): Decision[] {
  return alert.rule.actions.flatMap((action) =>
    targets(action, alert).map((scope) => decide(action, scope, alert, settings)),
  );
}

function targets(action: Action, alert: FiringAlert): Scope[] {
  const { tenant } = alert.key;
  switch (action.type) {
    case 'terminate_session':
      return alert.subjects.sessions.map((session) => ({ kind: 'session', ...session }));
    case 'flip_tenant':
      return tenant === undefined ? [] : [{ kind: 'tenant', tenant }];
    case 'flip_global':
      return [GLOBAL];
    case 'disable_tool':
      return toolTarget(action.scope, alert);
  }
}

function toolTarget(where: 'tenant' | 'global', alert: FiringAlert): Scope[] {
  const { tool } = alert.subjects;
  if (tool === null) return [];
  if (where === 'global') return [{ kind: 'tool', tenant: null, pattern: tool }];
  return alert.key.tenant === undefined ? [] : [{ kind: 'tool', tenant: alert.key.tenant, pattern: tool }];
}

function decide(action: Action, scope: Scope, alert: FiringAlert, settings: ResponderSettings): Decision {
  const { rule, keyText, cause } = alert;
  const id = decisionId({
    log: settings.log,
    rule: rule.name,
    ruleHash: rule.hash,
    key: keyText,
    action: action.type,
    target: scopeText(scope),
    cause,
  });
  return {
    id,
    action: action.type,
    scope,
    mode: modeOf(action, rule.measure, settings.modeWhenEnabled),
    ttlMs: action.type === 'terminate_session' ? killTtl(rule.measure) : action.ttlMs,
    reason: reasonFor(rule.measure, alert.evidence),
    alert,
    simulate: settings.simulate || rule.simulate,
    limitKind: limitKind(action.type, rule.measure),
    inFlight: null,
  };
}

/** Over cost or tokens everything stops: with writes alone disabled, model calls would go on burning. */
function modeOf(action: Action, measure: MeasureSpec, modeWhenEnabled: Mode): Mode | null {
  if (action.type === 'terminate_session') return 'stop_all';
  if (action.type === 'disable_tool') return null;
  return action.mode ?? (isSpending(measure) ? 'stop_all' : modeWhenEnabled);
}

function isSpending(measure: MeasureSpec): boolean {
  return 'field' in measure && (measure.field === 'cost_usd' || measure.field.startsWith('tokens'));
}

function isTimeout(measure: MeasureSpec): boolean {
  return measure.type.startsWith('session_');
}

/** null: the kill store's own 7 days, which another kill of the session does not start again every time. */
function killTtl(measure: MeasureSpec): number | null {
  return isTimeout(measure) ? TIMEOUT_TTL_MS : null;
}

function limitKind(action: ActionType, measure: MeasureSpec): Decision['limitKind'] {
  if (action === 'disable_tool') return 'tool';
  if (action !== 'terminate_session') return 'tenant_flip';
  return isTimeout(measure) ? 'timeout' : 'session_kill';
}
