import type { GroupKey, KeyTexts } from '../domain/rule.ts';
import type { SnapshotReader, SnapshotWriter } from './parts.ts';
import type { RecordInHand } from './record.ts';

/** From an event to the row of its key, and from a row back to the key's texts. */
export interface Keys {
  /** One more than the greatest row that was ever in use. */
  readonly bound: number;
  /** False when the event lacks something that is grouped by, or that found no place. */
  hasKey(record: RecordInHand): boolean;
  /** The row of the event's key; 0 when it has none. Only after `hasKey`. */
  find(record: RecordInHand): number;
  /** Gives the event's key a row of zeros. Only after `hasKey`. */
  add(record: RecordInHand): number;
  remove(row: number): void;
  texts(row: number): KeyTexts;
  /** The id of the key's session; 0 where the rule does not group by it. */
  session(row: number): number;
  /** The id of the key's tenant; 0 for a tool of all. */
  tenant(row: number): number;
  tool(row: number): number;
  visitSession(session: number, visit: (row: number) => void): void;
  /** True when keys are sessions and nothing else: they end with them, so nothing else has to forget them. */
  readonly areSessions: boolean;
  /** Where a rule that was loaded again finds its labels. */
  useSlots(slots: readonly number[]): void;
  readonly bytes: number;
  save(into: SnapshotWriter, name: string): void;
  load(from: SnapshotReader, name: string): void;
}

/** What a rule's keys are. */
export type KeyKind = 'session' | 'tenant' | 'global_tool' | 'composed';

export function keyKind(groupBy: readonly GroupKey[]): KeyKind {
  const parts = groupBy.filter((part) => part !== 'tenant');
  if (parts.length === 0) return 'tenant';
  return parts.length === 1 && (parts[0] === 'session' || parts[0] === 'global_tool') ? parts[0] : 'composed';
}
