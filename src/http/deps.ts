import type { AuditRecord } from '../domain/audit-record.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { KillStore } from '../ports/kill-store.ts';

/** What the API needs of the rest; handed in, so that the app runs in a test without a server. */
export interface HttpDeps {
  readonly store: KillStore;
  readonly log: Pick<EventLog, 'append'>;
  readonly eventsTopic: string;
  /** What the events topic holds: where it is CloudEvents, ours are told apart by their headers. */
  readonly format: 'json' | 'cloudevents';
  /** What `/readyz` tells. */
  readonly readiness: () => { readonly ready: boolean; readonly problems: object; readonly notices: object };
  /** What `/metrics` tells, in Prometheus' text format. */
  readonly metrics: () => Promise<string>;
  /** Tenants with an open session of that id, in the partitions of this instance. */
  readonly tenantsOf: (session: string) => readonly string[];
  /** The newest audit records, oldest first. */
  readonly recentAudit: (limit: number) => readonly AuditRecord[] | Promise<readonly AuditRecord[]>;
  /** A request failed for a reason that is no business of who asked. */
  readonly onFailure: (message: string) => void;
  /** A new id for an operator's decision. */
  readonly newId: () => string;
}
