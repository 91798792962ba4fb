import type { GuardCount } from '../killswitch/guard-count.ts';
import type { TrippedLimit } from '../ports/kill-store.ts';
import type { DaemonHealth } from './daemon-health.ts';

export interface StoreHealth {
  readonly place: string;
  /** null: not initialised. */
  readonly epoch: string | null;
  readonly tripped: number;
  /** Audit records of changes that the log does not have yet. */
  readonly relay_pending: number;
  readonly limits: readonly TrippedLimit[];
  /** By whether they enforce the newest version. */
  readonly guards: GuardCount;
  /** Calls under way at the guards that report. */
  readonly calls_in_flight: number;
  readonly warnings: readonly string[];
}

export interface Status {
  readonly daemon: DaemonHealth;
  /** The daemon's, where it is another one than `store`: then the two tell of two systems. null: none that is known of. */
  readonly other_store: string | null;
  /** Or why it does not answer. */
  readonly store: StoreHealth | { readonly error: string };
  readonly log: { readonly identity: string } | { readonly error: string };
}
