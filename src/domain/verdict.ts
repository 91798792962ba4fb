/** Why a call is denied. The codes are public; users branch on them. */
export type DenialCode =
  | 'stop_all'
  | 'tool_disabled'
  | 'writes_disabled'
  | 'new_runs_stopped'
  | 'session_terminated'
  | 'session_unknown'
  | 'ancestor_unresolved'
  | 'state_stale'
  | 'state_unknown'
  | 'store_uninitialised'
  | 'guard_error'
  | 'guard_closed';

/** The guard's answer. */
export type Verdict = Allowed | Denied;

export interface Allowed {
  readonly allowed: true;
}

export interface Denied {
  readonly allowed: false;
  readonly code: DenialCode;
  /** One line for a person or a model: `killed: writes_disabled:email.send`, `Session terminated`, … */
  readonly reason: string;
  /** The scope text that denies; null where the guard itself does. */
  readonly scope: string | null;
  readonly decisionId: string | null;
  /** True when the same call may be allowed later without anybody lifting a switch. */
  readonly retryable: boolean;
  /** Epoch ms at which the denial ends by itself; null when it does not. */
  readonly expiresAt: number | null;
}

/** The one allowed verdict, so that allowing allocates nothing. */
export const ALLOWED: Allowed = Object.freeze({ allowed: true });
