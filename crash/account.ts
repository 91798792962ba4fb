import type { AuditRecord } from '../src/domain/audit-record.ts';
import type { ScopedState } from '../src/domain/kill-state.ts';
import type { Plan } from './plan.ts';

/** What a run leaves behind, for the laws to judge. */
export interface Account {
  readonly plan: Plan;
  /** `event_id` → where its first delivery stands in the log. */
  readonly places: ReadonlyMap<string, Place>;
  /** Every record of the audit topic, in the order of its partitions. */
  readonly records: readonly AuditRecord[];
  /** What stands in the kill store. */
  readonly states: readonly ScopedState[];
  /** Every message of the topic of states, in its order. */
  readonly published: readonly ScopedState[];
  /** Events in the log, second deliveries included. */
  readonly appended: number;
  readonly deadLetters: number;
  /** What an operator or the run itself found wrong on the way. */
  readonly complaints: readonly string[];
}

export interface Place {
  readonly partition: number;
  readonly offset: number;
}
