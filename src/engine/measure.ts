import type { Condition } from '../domain/rule.ts';
import type { Arena } from './arena.ts';
import type { Contributors } from './contributors.ts';
import type { CardinalityLimits } from './limits.ts';
import type { SnapshotReader, SnapshotWriter } from './parts.ts';
import type { RecordInHand } from './record.ts';
import type { Rows } from './rows.ts';
import type { Sessions } from './sessions.ts';

/**
 * What one rule type computes, per key. A key is a row of `rows`; whose key it is, its alert and its timer are not the
 * measure's business (runner.ts). The event and the horizon are those of the record in hand. Every method but `read` and
 * `begin` is about a row that holds something.
 */
export interface Measure {
  readonly rows: Rows;
  /** Reads from the event in hand what `take` needs. @returns false when the event is no entry here. */
  read(): boolean;
  /** Makes an empty row ready for the first event of its key; `take` follows. */
  begin(row: number): void;
  /** Takes the event in hand in. @returns false when it is late and changed nothing. */
  take(row: number): boolean;
  /** Lets go what has left by the horizon. @returns false when nothing is left: the key is to be forgotten. */
  settle(row: number): boolean;
  /** Whether the condition holds for a settled row; false while it is not judged. */
  holds(row: number, test: Test): boolean;
  /**
   * The next horizon at which time alone may change whether the condition holds, or empties the row; Infinity when it is
   * not worth a timer. @param watched whether an alert depends on the condition
   */
  wakesAt(row: number, test: Test, watched: boolean): number;
  /** The horizon at which a new condition is judged on a settled row without a record; Infinity when never. */
  judgedAgainAt(row: number): number;
  /** Drops what was appended at or before the fence. @returns false when nothing is left. */
  fence(row: number, at: number): boolean;
  /** Gives back what the row holds. */
  clear(row: number): void;
  explain(row: number): Explanation;
  /**
   * Looks at an event that may change keys without being an entry: a write, a result. Called before `read`.
   * @param feeds whether the event is also an entry
   */
  witness?(feeds: boolean, host: WitnessHost): void;
  /** Where a rule that was loaded again finds the values it reads. */
  useSlots(slots: readonly number[]): void;
  /** False where a row without an alert never needs a timer, whatever the condition: its key ends with its session. */
  readonly needsTimers: boolean;
  /** How many keys' own oldest parts had to go. */
  readonly overflow: number;
  /** Events that are kept out by fences still count for what only asks when something happened. */
  readonly takesFenced: boolean;
  /** What it keeps beside rows and arena. */
  readonly bytes: number;
  save(into: SnapshotWriter, name: string): void;
  load(from: SnapshotReader, name: string): void;
  /** A row was loaded: what is no part of a snapshot is to be built again. */
  loaded?(row: number): void;
}

/** What a measure that witnesses events needs of its rule. */
export interface WitnessHost {
  /** The settled row of the event's key; 0 when there is none that holds something. */
  heldRow(): number;
  /** Settles a row; false when its key is forgotten now. */
  settleRow(row: number): boolean;
  /** The row was changed: it is judged, or forgotten when nothing is left. */
  changed(row: number, left: boolean): void;
}

/** Why the condition holds: what goes into evidence. */
export interface Explanation {
  /** In units of the threshold. */
  readonly value: number;
  readonly windowEnd: number;
  readonly contributors: Contributors;
  /** Sessions that made the operation, most calls first; null where the key says whom it concerns. */
  readonly sessions: readonly number[] | null;
  /** The operation's tool; 0 where there is no single one. */
  readonly tool: number;
  /** True where the value is about time and no event need be near. */
  readonly ofTime: boolean;
}

/** A condition made ready. */
export interface Test {
  readonly comparison: Condition['comparison'];
  readonly threshold: number;
  holds(value: number): boolean;
  /** True when only a greater value can make it hold. */
  readonly isGrowing: boolean;
  /** The least integer for which it holds, where it is growing. */
  readonly least: number;
}

/** What the parts of one partition's engine share. */
export interface Core {
  readonly arena: Arena;
  readonly record: RecordInHand;
  readonly sessions: Sessions;
  readonly limits: CardinalityLimits;
}

export function makeTest({ comparison, threshold }: Condition): Test {
  return new ThresholdTest(comparison, threshold);
}

/** One class for all comparisons: this is asked for every event and key. */
class ThresholdTest implements Test {
  readonly comparison: Condition['comparison'];
  readonly threshold: number;
  readonly isGrowing: boolean;
  readonly least: number;

  constructor(comparison: Condition['comparison'], threshold: number) {
    this.comparison = comparison;
    this.threshold = threshold;
    this.isGrowing = comparison === 'gt' || comparison === 'gte';
    this.least = comparison === 'gt' ? Math.floor(threshold) + 1 : Math.ceil(threshold);
  }

  holds(value: number): boolean {
    switch (this.comparison) {
      case 'gt':
        return value > this.threshold;
      case 'gte':
        return value >= this.threshold;
      case 'lt':
        return value < this.threshold;
      case 'lte':
        return value <= this.threshold;
      case 'eq':
        return value === this.threshold;
      case 'neq':
        return value !== this.threshold;
    }
  }
}
