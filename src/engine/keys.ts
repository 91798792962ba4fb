import type { Symbols } from '../domain/event/symbols.ts';
import type { GroupKey, KeyTexts } from '../domain/rule.ts';
import { ComposedKeys } from './composed-keys.ts';
import { IdKeys } from './id-keys.ts';
import type { SnapshotReader, SnapshotWriter } from './parts.ts';
import type { RecordInHand } from './record.ts';
import { SessionKeys } from './session-keys.ts';
import type { SessionRows } from './session-rows.ts';
import type { Table } from './table.ts';

/** From an event to the row of its key, and from a row back to the key's texts. */
export interface Keys {
  /** False when the event lacks something that is grouped by, or that found no place. */
  hasKey(record: RecordInHand): boolean;
  /** The row of the event's key; 0 when it has none. Only after `hasKey`. */
  find(record: RecordInHand): number;
  /** Gives the event's key that row, which is new. */
  add(record: RecordInHand, row: number): void;
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
  /** The rule is gone, and all its rows. */
  close(): void;
  readonly bytes: number;
  save(into: SnapshotWriter, name: string): void;
  load(from: SnapshotReader, name: string): void;
}

export function makeKeys(
  groupBy: readonly GroupKey[],
  slots: readonly number[],
  symbols: Symbols,
  rows: Table,
  sessionRows: SessionRows,
): Keys {
  const parts = groupBy.filter((part) => part !== 'tenant');
  if (parts.length === 0) return new IdKeys('tenant', symbols, rows);
  if (parts.length === 1 && parts[0] === 'session') return new SessionKeys(symbols, rows, sessionRows);
  if (parts.length === 1 && parts[0] === 'global_tool') return new IdKeys('global_tool', symbols, rows);
  return new ComposedKeys(groupBy, slots, symbols, rows);
}
