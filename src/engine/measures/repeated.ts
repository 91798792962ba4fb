import { type EventView, Status } from '../../domain/event/view.ts';
import type { CompiledRule } from '../../domain/rule.ts';
import { Callers } from '../callers.ts';
import { Fingerprint } from '../fingerprint.ts';
import { AFTER_CLOCK_F64, KeyClock } from '../key-clock.ts';
import { Lump } from '../lump.ts';
import type { Core, Explanation, Measure, Test } from '../measure.ts';
import { OPERATION_FIELDS, Operations } from '../operations.ts';
import type { SnapshotReader, SnapshotWriter } from '../parts.ts';
import type { RecordInHand } from '../record.ts';
import { Slices } from '../slices.ts';
import { Table } from '../table.ts';

/** uint32 fields of a key's row: its operations, and one for which the condition held last. */
const OPERATIONS = AFTER_CLOCK_F64 * 2;
const HOLDER = OPERATIONS + OPERATION_FIELDS;
/** Float64 fields: greatest effective time of any call held; none of the operations' newest is older than the least; the key's first event. */
const GREATEST = AFTER_CLOCK_F64 + 2;
const LEAST = GREATEST + 1;
const FIRST = LEAST + 1;
const STRIDE = FIRST + 1;

/** In HOLDER: any operation may be the one. */
const ANY = 0xffffffff;

export interface RepeatedOptions {
  readonly endsWithSession: boolean;
  /** True where a key may have calls of several sessions. */
  readonly isWide: boolean;
}

interface RepeatedForm {
  readonly width: number;
  readonly forgetsFailed: boolean;
  /** Greatest number of operations per key. */
  readonly bound: number;
}

/**
 * Measures of calls that are repeated: per key the calls by operation, each with a window of its own on the key's one clock;
 * or without a window, by arrival alone. The key's value is that of its most repeated operation.
 */
export abstract class Repeated implements Measure {
  readonly rows = new Table(STRIDE);
  readonly takesFenced = false;
  overflow = 0;
  protected readonly operations: Operations;
  protected readonly fingerprint: Fingerprint;
  protected readonly callers: Callers;
  private readonly clock: KeyClock | null;
  private readonly options: RepeatedOptions;
  private readonly bound: number;

  constructor(core: Core, compiled: CompiledRule, options: RepeatedOptions, form: RepeatedForm) {
    const { windowMs } = compiled.rule;
    this.options = options;
    this.bound = form.bound;
    this.fingerprint = new Fingerprint(compiled);
    this.clock = windowMs === null ? null : new KeyClock(this.rows, windowMs);
    this.operations = new Operations({
      arena: core.arena,
      keyRows: this.rows,
      field: OPERATIONS,
      width: form.width,
      behind: windowMs === null ? new Lump() : new Slices(windowMs),
      byTime: windowMs !== null,
      forgetsFailed: form.forgetsFailed,
      onLeave: (operation, address) => this.leave(operation, address),
    });
    this.callers = new Callers(this.operations.held.rings, core.sessions, options.isWide);
  }

  get bytes(): number {
    return this.rows.bytes + this.operations.bytes;
  }

  read({ view }: RecordInHand): boolean {
    return this.fingerprint.read(view);
  }

  begin(row: number, record: RecordInHand): void {
    this.clock?.begin(row, record.time, record.horizon);
    const { f64 } = this.rows;
    f64[row * STRIDE + GREATEST] = Number.NEGATIVE_INFINITY;
    f64[row * STRIDE + LEAST] = Number.POSITIVE_INFINITY;
    f64[row * STRIDE + FIRST] = record.time;
    this.rows.u32[row * STRIDE * 2 + HOLDER] = 0;
  }

  take(row: number, record: RecordInHand): boolean {
    if (this.isLate(row, record)) return false;
    this.beforeTaking(row, record.view);
    const lo = this.clock === null ? 0 : this.clock.set(row, record.time, record.horizon);
    const operation = this.operationInHand(row, lo);
    const { held } = this.operations;
    if (this.clock !== null) held.settle(operation, lo);
    const failed = record.view.status === Status.error;
    const address = held.add(operation, record, 1, lo, failed);
    if (address !== 0) this.note(operation, address, record);
    const { f64 } = this.rows;
    f64[row * STRIDE + GREATEST] = Math.max(f64[row * STRIDE + GREATEST] as number, record.time);
    f64[row * STRIDE + LEAST] = Math.min(f64[row * STRIDE + LEAST] as number, record.time);
    return true;
  }

  settle(row: number, horizon: number): boolean {
    if (this.clock === null) return this.operations.count(row) > 0;
    return (this.rows.f64[row * STRIDE + GREATEST] as number) > this.clock.run(row, horizon);
  }

  holds(row: number, _horizon: number, test: Test): boolean {
    if (!test.isGrowing) return this.isWhole(row) && test.holds(this.valueOf(row, this.most(row)));
    const holder = this.holderFor(row, test);
    this.rows.u32[row * STRIDE * 2 + HOLDER] = holder;
    return holder !== 0;
  }

  wakesAt(row: number, _horizon: number, test: Test, watched: boolean): number {
    if (this.clock === null) return Number.POSITIVE_INFINITY;
    if (test.isGrowing && !watched) return this.options.endsWithSession ? Number.POSITIVE_INFINITY : this.emptyAt(row);
    const holder = this.rows.u32[row * STRIDE * 2 + HOLDER] as number;
    if (test.isGrowing) return this.leavesAt(row, holder);
    const leaves = this.nextLeaveAt(row);
    return this.isWhole(row) ? leaves : Math.min(leaves, this.clock.leavesAt(row, this.first(row)));
  }

  judgedAgainAt(row: number): number {
    this.rows.u32[row * STRIDE * 2 + HOLDER] = ANY;
    return this.nextLeaveAt(row);
  }

  fence(row: number, at: number): boolean {
    const { operations } = this;
    operations.visit(row, (operation) => {
      if (!this.settleOperation(row, operation) || !operations.held.fence(operation, at))
        operations.remove(row, operation);
    });
    this.afterRemoving(row);
    return operations.count(row) > 0;
  }

  clear(row: number): void {
    this.operations.visit(row, (operation) => this.operations.remove(row, operation));
  }

  explain(row: number, horizon: number, nextOffset: number): Explanation {
    const operation = this.most(row);
    const { held } = this.operations;
    return {
      value: this.valueOf(row, operation),
      windowEnd: this.clock === null ? (this.rows.f64[row * STRIDE + GREATEST] as number) : this.clock.at(row, horizon),
      contributors: held.contributors(operation, nextOffset),
      sessions: this.callers.sessionsOf(operation),
      tool: this.callers.toolOf(operation),
      ofTime: false,
    };
  }

  useSlots(slots: readonly number[]): void {
    this.fingerprint.useSlots(slots);
  }

  save(into: SnapshotWriter, name: string): void {
    this.rows.save(into, name);
    this.operations.save(into, `${name}.operations`);
  }

  load(from: SnapshotReader, name: string): void {
    this.rows.load(from, name);
    this.operations.load(from, `${name}.operations`, (operation) => this.loaded(operation));
  }

  /** The value of one settled operation. */
  protected abstract value(operation: number): number;

  /** What the event does to the key before it is one of its calls. */
  protected beforeTaking(_row: number, _view: EventView): void {}

  /** Notes what the measure adds to an entry. */
  protected note(_operation: number, address: number, { view }: RecordInHand): void {
    this.callers.write(address, view);
  }

  protected leave(_operation: number, address: number): void {
    this.callers.leave(address);
  }

  protected loaded(_operation: number): void {}

  protected isLate(row: number, record: RecordInHand): boolean {
    return this.clock !== null && record.time <= this.clock.lo(row);
  }

  /** After operations went: what is known of the others. */
  protected afterRemoving(row: number): void {
    let greatest = Number.NEGATIVE_INFINITY;
    let least = Number.POSITIVE_INFINITY;
    this.operations.visit(row, (operation) => {
      const its = this.greatestOf(operation);
      greatest = Math.max(greatest, its);
      least = Math.min(least, its);
    });
    this.rows.f64[row * STRIDE + GREATEST] = greatest;
    this.rows.f64[row * STRIDE + LEAST] = least;
    if (this.rows.u32[row * STRIDE * 2 + HOLDER] !== 0) this.rows.u32[row * STRIDE * 2 + HOLDER] = ANY;
  }

  /** Effective time of an operation's latest call. In order of time it is the last one. */
  private greatestOf(operation: number): number {
    const { held } = this.operations;
    return this.clock === null ? held.greatestTime(operation) : held.newestTime(operation);
  }

  private operationInHand(row: number, lo: number): number {
    const { lo: low, hi } = this.fingerprint;
    const known = this.operations.find(row, low, hi);
    if (known !== 0) {
      this.operations.touch(row, known);
      return known;
    }
    if (this.operations.count(row) >= this.bound) this.makeRoom(row, lo);
    return this.operations.add(row, low, hi);
  }

  /** Forgets operations whose windows are empty; where there are none, the one called longest ago. */
  private makeRoom(row: number, lo: number): void {
    const { operations } = this;
    if (this.clock !== null && (this.rows.f64[row * STRIDE + LEAST] as number) <= lo) {
      operations.visit(row, (operation) => {
        if (!operations.held.settle(operation, lo)) operations.remove(row, operation);
      });
      this.afterRemoving(row);
    }
    if (operations.count(row) < this.bound) return;
    this.overflow++;
    const oldest = operations.oldest(row);
    const wasGreatest = this.greatestOf(oldest) >= (this.rows.f64[row * STRIDE + GREATEST] as number);
    const wasHolder = this.rows.u32[row * STRIDE * 2 + HOLDER] === oldest;
    operations.remove(row, oldest);
    if (wasGreatest || wasHolder) this.afterRemoving(row);
  }

  /** An operation for which the condition holds; 0 when there is none. Only the one called last can have gained. */
  private holderFor(row: number, test: Test): number {
    const newest = this.operations.newest(row);
    if (newest !== 0 && test.holds(this.valueOf(row, newest))) return newest;
    const holder = this.rows.u32[row * STRIDE * 2 + HOLDER] as number;
    if (holder === 0) return 0;
    if (holder !== ANY && test.holds(this.valueOf(row, holder))) return holder;
    const most = this.most(row);
    return most !== 0 && test.holds(this.valueOf(row, most)) ? most : 0;
  }

  /** The most repeated operation; of several the one called last. */
  private most(row: number): number {
    let most = 0;
    let value = -1;
    this.operations.visit(row, (operation) => {
      if (!this.settleOperation(row, operation)) return;
      const its = this.value(operation);
      if (its <= value) return;
      most = operation;
      value = its;
    });
    return most;
  }

  private valueOf(row: number, operation: number): number {
    if (operation === 0) return 0;
    this.settleOperation(row, operation);
    return this.value(operation);
  }

  private settleOperation(row: number, operation: number): boolean {
    return this.clock === null || this.operations.held.settle(operation, this.clock.lo(row));
  }

  private isWhole(row: number): boolean {
    return this.clock === null || this.clock.isPast(row, this.first(row));
  }

  private first(row: number): number {
    return this.rows.f64[row * STRIDE + FIRST] as number;
  }

  private emptyAt(row: number): number {
    return this.leaveTime(row, this.rows.f64[row * STRIDE + GREATEST] as number);
  }

  private leavesAt(row: number, operation: number): number {
    return this.leaveTime(row, this.operations.held.leavesAt(operation));
  }

  /** The horizon at which the next call of any operation leaves. */
  private nextLeaveAt(row: number): number {
    let next = Number.POSITIVE_INFINITY;
    this.operations.visit(row, (operation) => {
      if (this.settleOperation(row, operation)) next = Math.min(next, this.leavesAt(row, operation));
    });
    return next;
  }

  private leaveTime(row: number, time: number): number {
    return this.clock === null ? Number.POSITIVE_INFINITY : this.clock.leavesAt(row, time);
  }
}
