import { decodeId, encodeId, GLOBAL, type Scope } from '../domain/scope.ts';
import type { PublishedConfig } from '../ports/kill-store.ts';

/**
 * The one builder of every key name of the kill state (contract 5).
 * The last id of a key stands as it is; a tenant before a session is percent-encoded as in scope texts.
 */
export interface KillNames extends Names {
  /** Before every key and channel; for Redis Cluster a hash tag (`{sentinel}`), so that all keys share one slot. */
  readonly key_prefix: string;
}

type Names = PublishedConfig['names'];

export const DEFAULT_NAMES: KillNames = {
  key_prefix: '',
  global_flag: 'agent_kill_global',
  per_tenant_flag_prefix: 'agent_kill_tenant:',
  per_session_flag_prefix: 'agent_kill_session:',
  disabled_tools_key: 'agent_disabled_tools',
};

/** Names of keys; `…:` ones are prefixes that an id follows. */
export interface KillKeys {
  readonly prefix: string;
  readonly globalFlag: string;
  readonly tenantFlags: string;
  readonly sessionFlags: string;
  readonly disabledTools: string;
  readonly index: string;
  readonly order: string;
  /** Sorted sets of our own, scope → ms: when a tripped switch ends; when a cleared one was cleared. */
  readonly expiry: string;
  readonly cleared: string;
  /** Sets of our own beside the sets of disabled tools, with the same endings: what the index has as disabled. */
  readonly knownTools: string;
  /** A set of our own: the scopes of the tenants that the index has as tripped. */
  readonly trippedTenants: string;
  readonly version: string;
  readonly epoch: string;
  readonly outbox: string;
  readonly applied: string;
  readonly sessions: string;
  /** A sorted set of our own, tenant → ms: when a session of it was last registered. */
  readonly tenants: string;
  readonly channel: string;
  readonly config: string;
  readonly guards: string;
  readonly limits: string;
  readonly relay: string;
  readonly active: string;
  readonly shadow: string;
}

export function killKeys(names: KillNames = DEFAULT_NAMES): KillKeys {
  const key = (name: string): string => names.key_prefix + name;
  return {
    prefix: names.key_prefix,
    globalFlag: key(names.global_flag),
    tenantFlags: key(names.per_tenant_flag_prefix),
    sessionFlags: key(names.per_session_flag_prefix),
    disabledTools: key(names.disabled_tools_key),
    index: key('agent_kill_index'),
    order: key('agent_kill_order'),
    expiry: key('agent_kill_expiry'),
    cleared: key('agent_kill_cleared'),
    knownTools: key('agent_kill_tools'),
    trippedTenants: key('agent_kill_tenants'),
    version: key('agent_kill_version'),
    epoch: key('agent_kill_epoch'),
    outbox: key('agent_kill_outbox'),
    applied: key('agent_kill_applied:'),
    sessions: key('agent_session:'),
    tenants: key('agent_tenants'),
    channel: key('agent_kill_events'),
    config: key('agent_kill_config'),
    guards: key('agent_guards'),
    limits: key('agent_kill_limits:'),
    relay: key('agent_kill_relay'),
    active: key('agent_active:'),
    shadow: key('agent_shadow_'),
  };
}

/** The key that says whether a scope is stopped: a text, or for tools the set that the pattern is a member of. */
export function flagKey(keys: KillKeys, scope: Scope): string {
  switch (scope.kind) {
    case 'global':
      return keys.globalFlag;
    case 'tenant':
      return keys.tenantFlags + scope.tenant;
    case 'session':
      return `${keys.sessionFlags}${encodeId(scope.tenant)}:${scope.session}`;
    case 'tool':
      return toolSetKey(keys, scope.tenant);
  }
}

/** The set of disabled tool patterns of a tenant; null: of all. */
export function toolSetKey(keys: KillKeys, tenant: string | null): string {
  return tenant === null ? keys.disabledTools : `${keys.disabledTools}:${tenant}`;
}

/** The scope whose flag has that key; null where it is none. Sets of tools are told by {@link tenantOfToolSet}. */
export function scopeOfFlag(keys: KillKeys, key: string): Scope | null {
  if (key === keys.globalFlag) return GLOBAL;
  const session = after(key, keys.sessionFlags);
  const tenant = after(key, keys.tenantFlags);
  // Configured prefixes may begin alike: the longer one is meant.
  const isSession = session !== null && (tenant === null || keys.sessionFlags.length >= keys.tenantFlags.length);
  if (isSession) return sessionOf(session);
  return tenant === null || tenant === '' ? null : { kind: 'tenant', tenant };
}

/** The tenant of a set of disabled tools, null for the set of all; undefined where the key is no such set. */
export function tenantOfToolSet(keys: KillKeys, key: string): string | null | undefined {
  if (key === keys.disabledTools) return null;
  return after(key, `${keys.disabledTools}:`) || undefined;
}

function sessionOf(rest: string): Scope | null {
  const colon = rest.indexOf(':');
  if (colon <= 0 || colon === rest.length - 1) return null;
  return { kind: 'session', tenant: decodeId(rest.slice(0, colon)), session: rest.slice(colon + 1) };
}

function after(key: string, prefix: string): string | null {
  return key.startsWith(prefix) ? key.slice(prefix.length) : null;
}
