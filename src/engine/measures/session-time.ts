import type { Core, Explanation, Measure, Test } from '../measure.ts';
import type { SnapshotReader, SnapshotWriter } from '../parts.ts';
import type { RecordInHand } from '../record.ts';
import { OWN_F64, Row } from '../row.ts';
import type { Sessions } from '../sessions.ts';
import { Table } from '../table.ts';

/** Float64 fields: horizons at the first and the newest matching event, and the newest's place in the log. */
const FIRST = OWN_F64;
const NEWEST = OWN_F64 + 1;
const NEWEST_OFFSET = OWN_F64 + 2;
const NEWEST_APPENDED = OWN_F64 + 3;
const NEWEST_TIME = OWN_F64 + 4;
const STRIDE = OWN_F64 + 5;

/** Durations of sessions, on the horizon. Keys are sessions, so a row's key is a session id. */
export abstract class SessionTime implements Measure {
  readonly rows = new Table(STRIDE);
  readonly overflow = 0;
  readonly takesFenced = true;
  readonly needsTimers = true;
  private readonly record: RecordInHand;
  private readonly sessions: Sessions;

  constructor(core: Core) {
    this.record = core.record;
    this.sessions = core.sessions;
  }

  get bytes(): number {
    return this.rows.bytes;
  }

  read(): boolean {
    return true;
  }

  begin(row: number): void {
    this.rows.f64[row * STRIDE + FIRST] = this.record.horizon;
    this.rows.f64[row * STRIDE + NEWEST_APPENDED] = 0;
  }

  take(row: number): boolean {
    const { f64 } = this.rows;
    const { record } = this;
    const base = row * STRIDE;
    f64[base + NEWEST] = record.horizon;
    f64[base + NEWEST_OFFSET] = record.offset;
    f64[base + NEWEST_APPENDED] = Math.max(f64[base + NEWEST_APPENDED] as number, record.appendedAt);
    f64[base + NEWEST_TIME] = record.time;
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
    const { f64 } = this.rows;
    const base = row * STRIDE;
    const newest = {
      offset: f64[base + NEWEST_OFFSET] as number,
      appendedAt: f64[base + NEWEST_APPENDED] as number,
      time: f64[base + NEWEST_TIME] as number,
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

  save(into: SnapshotWriter, name: string): void {
    this.rows.save(into, name);
  }

  load(from: SnapshotReader, name: string): void {
    this.rows.load(from, name);
  }

  /** The horizon from which the duration is counted. */
  protected abstract since(row: number): number;

  /** The horizon until which it is judged, without a newer event; Infinity for ever. */
  protected abstract activeUntil(row: number): number;

  /** Age counts from the fence where the session began before it. */
  protected firstSinceFence(row: number): number {
    return Math.max(this.rows.f64[row * STRIDE + FIRST] as number, this.fenceOf(row));
  }

  protected newest(row: number): number {
    return this.rows.f64[row * STRIDE + NEWEST] as number;
  }

  private judgedUntil(row: number): number {
    const fence = this.fenceOf(row);
    if (fence > 0 && (this.rows.f64[row * STRIDE + NEWEST_APPENDED] as number) <= fence)
      return Number.NEGATIVE_INFINITY;
    return this.activeUntil(row);
  }

  private duration(row: number): number {
    return this.record.horizon - this.since(row);
  }

  private fenceOf(row: number): number {
    return this.sessions.fence(this.rows.u32[row * STRIDE * 2 + Row.key] as number);
  }
}
