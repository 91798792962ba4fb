import type { Decision } from '../domain/decision.ts';
import type { LimitSpend } from '../domain/limit-spend.ts';
import type { Rule, RuleGroup } from '../domain/rule.ts';
import { scopeTenant } from '../domain/scope.ts';
import { ESCALATION_TTL_MS, FREE_KILLS_PER_TENANT, type ResponderSettings } from './settings.ts';

export interface Escalation {
  readonly ttlMs: number;
  readonly reason: string;
  readonly limits: readonly LimitSpend[];
}

/** What a decision spends: the bound of its kind, the share of active sessions, its rule group's own. */
export function spendsOf(decision: Decision, settings: ResponderSettings, group: RuleGroup | undefined): LimitSpend[] {
  const tenant = scopeTenant(decision.scope) ?? '';
  return [...kindSpends(decision, tenant, settings), ...groupSpends(decision.alert.rule, tenant, group)];
}

function kindSpends(decision: Decision, tenant: string, { limits }: ResponderSettings): LimitSpend[] {
  switch (decision.limitKind) {
    case 'timeout':
      return [{ name: `timeouts:${tenant}`, ...limits.timeouts, concerns: 'tenant' }];
    case 'session_kill':
      return [{ name: `session_kills:${tenant}`, ...limits.sessionKills, concerns: 'tenant' }, shareSpend(limits)];
    case 'tenant_flip':
    case 'tool':
      return [flipSpend(limits)];
  }
}

function shareSpend({ shareOfActiveSessions: share }: ResponderSettings['limits']): LimitSpend {
  return {
    name: 'share',
    max: share.atLeast,
    perMs: share.perMs,
    concerns: 'all',
    freePerTenant: FREE_KILLS_PER_TENANT,
    share: { of: share.max, atLeast: share.atLeast },
  };
}

function flipSpend(limits: ResponderSettings['limits']): LimitSpend {
  return { name: 'tenant_flips', ...limits.tenantFlips, concerns: 'all' };
}

/** Per tenant, so that one tenant's flood neither switches off nor protects another. */
function groupSpends(rule: Rule, tenant: string, group: RuleGroup | undefined): LimitSpend[] {
  if (group?.limit == null) return [];
  return [{ name: `group:${rule.group}:${tenant}`, ...group.limit, concerns: 'tenant' }];
}

/** What happens instead where a tenant's own bound is spent; null: hold. */
export function escalationOf(decision: Decision, settings: ResponderSettings): Escalation | null {
  const tenant = scopeTenant(decision.scope);
  if (settings.onLimit === 'hold' || tenant === null || decision.action !== 'terminate_session') return null;
  return {
    ttlMs: ESCALATION_TTL_MS,
    reason: `Limit reached: too many terminated sessions of one tenant, its writes are off; last: ${decision.reason}`,
    limits: [flipSpend(settings.limits)],
  };
}
