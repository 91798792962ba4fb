/** One bound that a decision spends when it changes something; judged by the kill store, on its own clock. */
export interface LimitSpend {
  /** `session_kills:<tenant>`, `timeouts:<tenant>`, `tenant_flips`, `share`, `group:<name>`. */
  readonly name: string;
  readonly max: number;
  readonly perMs: number;
  /** One tenant's: escalate. All together: hold and page until re-armed. */
  readonly concerns: 'tenant' | 'all';
  /** For the share: the first n trips of a tenant per time pass without being counted against it. */
  readonly freePerTenant?: number;
  /** For the share: `max` is computed in the script as max(atLeast, floor(share × active sessions)). */
  readonly share?: { readonly of: number; readonly atLeast: number };
}
