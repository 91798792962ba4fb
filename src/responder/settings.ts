import type { Mode } from '../domain/mode.ts';

/** How the automation behaves, from `responder` and `kill_switch` in the configuration. */
export interface ResponderSettings {
  /** Identity of the log: part of decision ids. */
  readonly log: string;
  /** Nothing is acted upon, whatever rules say. */
  readonly simulate: boolean;
  /** A decision waits while wall clock − its partition's horizon is more, ms. */
  readonly staleAfterMs: number;
  readonly modeWhenEnabled: Mode;
  readonly limits: AutomationLimits;
  readonly onLimit: 'escalate' | 'hold';
}

/** `max` actions `perMs`. */
export interface Bound {
  readonly max: number;
  readonly perMs: number;
}

export interface AutomationLimits {
  /** Of one tenant. */
  readonly sessionKills: Bound;
  /** Of one tenant: budgets, session_age, session_idle. */
  readonly timeouts: Bound;
  /** Of all tenants together. */
  readonly tenantFlips: Bound;
  /** Of all together: at most max(atLeast, max × active sessions). */
  readonly shareOfActiveSessions: Bound & { readonly atLeast: number };
}

/** A tenant's first kills per period that pass the share, so that one tenant's flood protects no other. */
export const FREE_KILLS_PER_TENANT = 3;

/** How long the escalation of a spent per-tenant limit keeps the tenant's writes off. */
export const ESCALATION_TTL_MS = 30 * 60_000;

/** A refused or suppressed decision is tried again at most this often. */
export const RETRY_EVERY_MS = 10_000;

/** How long a session stays terminated by a budget or a timeout; by other rules 7 days. */
export const TIMEOUT_TTL_MS = 86_400_000;
