import type { Core, Explanation, Measure, Test } from '../measure.ts';
import type { RecordInHand } from '../record.ts';
import { OWN_F64 } from '../row.ts';
import { Rows } from '../rows.ts';
import type { Sessions } from '../sessions.ts';

/** Float64 fields: horizons at the first and the newest matching event, and the newest's place in the log. */
const FIRST = OWN_F64;
const NEWEST = OWN_F64 + 1;
const NEWEST_OFFSET = OWN_F64 + 2;
const NEWEST_APPENDED = OWN_F64 + 3;
const NEWEST_TIME = OWN_F64 + 4;
const WORDS = OWN_F64 + 5;

/** Durations of sessions, on the horizon. Keys are sessions, so a row is a session's id. */
export abstract class SessionTime implements Measure {
  readonly rows = new Rows(WORDS);
  readonly overflow = 0;
  readonly bytes = 0;
  readonly takesFenced = true;
  readonly needsTimers = true;
  private readonly record: RecordInHand;
  private readonly sessions: Sessions;

  constructor(core: Core) {
    this.record = core.record;
    this.sessions = core.sessions;
  }

  read(): boolean {
    return true;
  }

  begin(row: number): void {
    this.rows.set64(row, FIRST, this.record.horizon);
    this.rows.set64(row, NEWEST_APPENDED, 0);
  }

  take(row: number): boolean {
    const { record, rows } = this;
    rows.set64(row, NEWEST, record.horizon);
    rows.set64(row, NEWEST_OFFSET, record.offset);
    rows.set64(row, NEWEST_APPENDED, Math.max(rows.get64(row, NEWEST_APPENDED), record.appendedAt));
    rows.set64(row, NEWEST_TIME, record.time);
    return true;
  }

  settle(): boolean {
    return true;
  }

  holds(row: number, test: Test): boolean {
    return this.record.horizon < this.judgedUntil(row) && test.holds(this.duration(row));
  }

  wakesAt(row: number, test: Test, watched: boolean): number {
    const { horizon } = this.record;
    const crossing = this.since(row) + test.least;
    const end = this.judgedUntil(row);
    if (horizon < crossing) return crossing < end ? crossing : Number.POSITIVE_INFINITY;
    return watched && horizon < end ? end : Number.POSITIVE_INFINITY;
  }

  judgedAgainAt(): number {
    return this.record.horizon;
  }

  fence(): boolean {
    return true;
  }

  clear(): void {}

  explain(row: number): Explanation {
    const { rows } = this;
    const newest = {
      offset: rows.get64(row, NEWEST_OFFSET),
      appendedAt: rows.get64(row, NEWEST_APPENDED),
      time: rows.get64(row, NEWEST_TIME),
    };
    return {
      value: this.duration(row),
      windowEnd: this.record.horizon,
      contributors: { events: [newest], newest },
      sessions: null,
      tool: 0,
      ofTime: true,
    };
  }

  useSlots(): void {}

  save(): void {}

  load(): void {}

  /** The horizon from which the duration is counted. */
  protected abstract since(row: number): number;

  /** The horizon until which it is judged, without a newer event; Infinity for ever. */
  protected abstract activeUntil(row: number): number;

  /** Age counts from the fence where the session began before it. */
  protected firstSinceFence(row: number): number {
    return Math.max(this.rows.get64(row, FIRST), this.fenceOf(row));
  }

  protected newest(row: number): number {
    return this.rows.get64(row, NEWEST);
  }

  private judgedUntil(row: number): number {
    const fence = this.fenceOf(row);
    if (fence > 0 && this.rows.get64(row, NEWEST_APPENDED) <= fence) return Number.NEGATIVE_INFINITY;
    return this.activeUntil(row);
  }

  private duration(row: number): number {
    return this.record.horizon - this.since(row);
  }

  private fenceOf(row: number): number {
    return this.sessions.fence(row);
  }
}
