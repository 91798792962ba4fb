import { Held } from '../held.ts';
import { EXACT_OF_TOTAL } from '../limits.ts';
import { Lump } from '../lump.ts';
import type { Core, Explanation, Measure, Test } from '../measure.ts';
import type { SnapshotReader, SnapshotWriter } from '../parts.ts';
import type { RecordInHand } from '../record.ts';
import { ENTRY_WORDS } from '../rings.ts';
import { OWN_F64, OWN_U32 } from '../row.ts';
import { Rows } from '../rows.ts';
import { amountOf, scaleOf } from './amount.ts';

const RING = OWN_U32;
const SUM = OWN_F64 + 2;

/** What a session did or used from its first event to its last: late or not, time plays no part. */
export class SessionTotal implements Measure {
  readonly rows: Rows;
  readonly overflow = 0;
  readonly takesFenced = false;
  readonly needsTimers = false;
  private readonly record: RecordInHand;
  private readonly held: Held;
  private readonly field: 'actions' | 'cost_usd' | 'tokens';
  private readonly scale: number;

  constructor(core: Core, field: SessionTotal['field']) {
    const isSum = field !== 'actions';
    this.record = core.record;
    this.field = field;
    this.scale = field === 'actions' ? 1 : scaleOf(field);
    this.rows = new Rows(isSum ? SUM + 1 : SUM);
    this.held = new Held({
      arena: core.arena,
      record: core.record,
      owners: this.rows,
      field: RING,
      sum: isSum ? { rows: this.rows, field: SUM } : null,
      width: isSum ? ENTRY_WORDS + 2 : ENTRY_WORDS,
      inline: false,
      behind: new Lump(),
      exact: EXACT_OF_TOTAL,
      byTime: false,
    });
  }

  get bytes(): number {
    return this.held.behind.bytes;
  }

  read(): boolean {
    const { record } = this;
    record.amount = this.field === 'actions' ? 1 : amountOf(record.view, this.field, -1);
    return record.amount > 0;
  }

  begin(): void {}

  take(row: number): boolean {
    this.held.add(row, false);
    return true;
  }

  settle(): boolean {
    return true;
  }

  holds(row: number, test: Test): boolean {
    return test.holds(this.value(row));
  }

  wakesAt(): number {
    return Number.POSITIVE_INFINITY;
  }

  judgedAgainAt(): number {
    return Number.POSITIVE_INFINITY;
  }

  fence(row: number, at: number): boolean {
    this.held.fence(row, at);
    return !this.held.isEmpty(row);
  }

  clear(row: number): void {
    this.held.clear(row);
  }

  explain(row: number): Explanation {
    return {
      value: this.value(row),
      windowEnd: this.held.greatestTime(row),
      contributors: this.held.contributors(row),
      sessions: null,
      tool: 0,
      ofTime: false,
    };
  }

  useSlots(): void {}

  save(into: SnapshotWriter, name: string): void {
    this.held.behind.save(into, `${name}.behind`);
  }

  load(from: SnapshotReader, name: string): void {
    this.held.behind.load(from, `${name}.behind`);
  }

  private value(row: number): number {
    return this.held.total(row) / this.scale;
  }
}
