import type { FiringAlert } from './alert.ts';
import type { KillState } from './kill-state.ts';
import type { InFlight, Mode } from './mode.ts';
import type { Scope } from './scope.ts';

export type ActionType = 'terminate_session' | 'flip_tenant' | 'flip_global' | 'disable_tool';

/** What the responder resolved: one action on one scope for one cause. */
export interface Decision {
  readonly id: string;
  readonly action: ActionType;
  readonly scope: Scope;
  /** null for disabled tools. */
  readonly mode: Mode | null;
  /** How long it stands, ms from its application; null: for good, sessions for 7 days. */
  readonly ttlMs: number | null;
  readonly reason: string;
  readonly alert: FiringAlert;
  /** True where the rule or the whole responder only simulates: shadow keys, `decision.simulated`. */
  readonly simulate: boolean;
  /** Which limits it spends: budgets, age and idle are timeouts. */
  readonly limitKind: 'session_kill' | 'timeout' | 'tenant_flip' | 'tool';
  readonly inFlight: InFlight | null;
}

/**
 * Why an alert was not acted upon. Recorded once per decision and reason (`decision.suppressed`).
 * Retried reasons are tried again under the same id until their episode ends.
 */
export type SuppressionCode =
  | 'severity'
  | 'no_action'
  | 'exception'
  | 'cooldown'
  | 'stale'
  | 'fence'
  | 'evidence_too_old'
  | 'already_tripped'
  | 'hold'
  | 'silence'
  | 'limit'
  | 'not_armed'
  | 'outbox_full'
  | 'store_uninitialised'
  | 'state_lost';

/** What became of a decision at the kill switch. */
export type DecisionOutcome =
  | {
      readonly status: 'applied';
      readonly state: KillState;
      readonly before: KillState | null;
      readonly appliedAt: number;
    }
  /** This very decision had been applied before: nothing changed, nothing is recorded again. */
  | { readonly status: 'repeated'; readonly state: KillState | null }
  | { readonly status: 'simulated' }
  | { readonly status: 'refused'; readonly code: SuppressionCode; readonly detail: string };
