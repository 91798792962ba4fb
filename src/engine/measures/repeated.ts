import { type EventView, Status } from '../../domain/event/view.ts';
import type { CompiledRule } from '../../domain/rule.ts';
import { Callers } from '../callers.ts';
import { Fingerprint } from '../fingerprint.ts';
import { CLOCK_WORDS, KeyClock } from '../key-clock.ts';
import { Lump } from '../lump.ts';
import type { Core, Explanation, Measure, Test } from '../measure.ts';
import { OPERATION_FIELDS, Operations } from '../operations.ts';
import type { SnapshotReader, SnapshotWriter } from '../parts.ts';
import type { RecordInHand } from '../record.ts';
import { OWN_F64 } from '../row.ts';
import { Slices } from '../slices.ts';
import { Table } from '../table.ts';

/**
 * uint32 fields of a key's row: its operations, and one for which the condition held last. Float64 fields: the greatest
 * effective time of any call held; with a window the clock, a time that no operation's newest call is older than, and, where
 * whole windows may be judged, the first event's.
 */
const OPERATIONS = OWN_F64 * 2;
const HOLDER = OPERATIONS + OPERATION_FIELDS;
const GREATEST = OWN_F64 + 2;
const CLOCK = GREATEST + 1;
const LEAST = CLOCK + CLOCK_WORDS;
const FIRST = LEAST + 1;

/** In HOLDER: any operation may be the one. */
const ANY = 0xffffffff;
/** More than one, so that what gathered while nobody called goes too. */
const DROPPED_AT_ONCE = 2;

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
  readonly rows: Table;
  readonly takesFenced = false;
  readonly needsTimers: boolean;
  overflow = 0;
  protected readonly operations: Operations;
  protected readonly fingerprint: Fingerprint;
  protected readonly callers: Callers;
  protected readonly record: RecordInHand;
  private readonly clock: KeyClock | null;
  private readonly bound: number;

  constructor(core: Core, compiled: CompiledRule, options: RepeatedOptions, form: RepeatedForm) {
    const { windowMs } = compiled.rule;
    this.record = core.record;
    this.rows = new Table(windowMs === null ? CLOCK : options.endsWithSession ? FIRST : FIRST + 1);
    this.needsTimers = windowMs !== null && !options.endsWithSession;
    this.bound = form.bound;
    this.fingerprint = new Fingerprint(compiled);
    this.clock = windowMs === null ? null : new KeyClock(this.rows, CLOCK, windowMs, core.record);
    this.operations = new Operations({
      arena: core.arena,
      record: core.record,
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

  read(): boolean {
    this.record.amount = 1;
    return this.fingerprint.read(this.record.view);
  }

  begin(row: number): void {
    const { f64, u32, stride } = this.rows;
    u32[row * stride * 2 + HOLDER] = 0;
    f64[row * stride + GREATEST] = Number.NEGATIVE_INFINITY;
    if (this.clock === null) return;
    this.clock.begin(row);
    f64[row * stride + LEAST] = Number.POSITIVE_INFINITY;
    if (stride > FIRST) this.setFirst(row, this.record.time);
  }

  take(row: number): boolean {
    if (this.isLate(row)) return false;
    const { record } = this;
    this.beforeTaking(row, record.view);
    this.clock?.set(row);
    const operation = this.operationInHand(row);
    const { held } = this.operations;
    if (this.clock !== null) {
      held.settle(operation);
      this.dropEmptied(row, operation);
    }
    const address = held.add(operation, record.view.status === Status.error);
    if (address !== 0) this.note(operation, address);
    const { f64, stride } = this.rows;
    const base = row * stride;
    f64[base + GREATEST] = Math.max(f64[base + GREATEST] as number, record.time);
    if (this.clock !== null) f64[base + LEAST] = Math.min(f64[base + LEAST] as number, record.time);
    return true;
  }

  settle(row: number): boolean {
    if (this.clock === null) return this.operations.count(row) > 0;
    this.clock.run(row);
    return (this.rows.f64[row * this.rows.stride + GREATEST] as number) > this.record.lo;
  }

  holds(row: number, test: Test): boolean {
    if (!test.isGrowing) return this.isWhole(row) && test.holds(this.valueOf(row, this.most(row)));
    const holder = this.holderFor(row, test);
    this.setHolder(row, holder);
    return holder !== 0;
  }

  wakesAt(row: number, test: Test, watched: boolean): number {
    if (this.clock === null || (test.isGrowing && !watched && !this.needsTimers)) return Number.POSITIVE_INFINITY;
    if (test.isGrowing && !watched) return this.clock.leavesAt(row, this.greatest(row));
    if (test.isGrowing) return this.clock.leavesAt(row, this.operations.held.leavesAt(this.holder(row)));
    const leaves = this.nextLeaveAt(row, this.clock);
    return this.isWhole(row) ? leaves : Math.min(leaves, this.clock.leavesAt(row, this.first(row)));
  }

  judgedAgainAt(row: number): number {
    this.setHolder(row, ANY);
    return this.clock === null ? Number.POSITIVE_INFINITY : this.nextLeaveAt(row, this.clock);
  }

  fence(row: number, at: number): boolean {
    const { operations } = this;
    let dropped = false;
    let oldest = Number.POSITIVE_INFINITY;
    operations.visit(row, (operation) => {
      const isHeld = this.settleOperation(row, operation);
      if (isHeld && operations.held.fence(operation, at)) dropped = true;
      oldest = Math.min(oldest, operations.held.oldestTime(operation));
      if (operations.held.isEmpty(operation)) operations.remove(row, operation);
    });
    this.afterRemoving(row);
    if (dropped && this.rows.stride > FIRST) this.setFirst(row, Math.max(this.first(row), oldest));
    return operations.count(row) > 0;
  }

  clear(row: number): void {
    this.operations.visit(row, (operation) => this.operations.remove(row, operation));
  }

  explain(row: number): Explanation {
    const operation = this.most(row);
    return {
      value: this.valueOf(row, operation),
      windowEnd: this.clock === null ? this.greatest(row) : this.clock.now(row),
      contributors: this.operations.held.contributors(operation),
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
  protected note(_operation: number, address: number): void {
    this.callers.write(address, this.record.view);
  }

  protected leave(_operation: number, address: number): void {
    this.callers.leave(address);
  }

  protected loaded(_operation: number): void {}

  protected isLate(row: number): boolean {
    return this.clock?.isLate(row) ?? false;
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
    const { f64, stride } = this.rows;
    f64[row * stride + GREATEST] = greatest;
    if (this.clock !== null) f64[row * stride + LEAST] = least;
    if (this.holder(row) !== 0) this.setHolder(row, ANY);
  }

  /** Effective time of an operation's latest call. In order of time it is the last one. */
  private greatestOf(operation: number): number {
    const { held } = this.operations;
    return this.clock === null ? held.greatestTime(operation) : held.newestTime(operation);
  }

  private operationInHand(row: number): number {
    const { lo: low, hi } = this.fingerprint;
    const known = this.operations.find(row, low, hi);
    if (known !== 0) {
      this.operations.touch(row, known);
      return known;
    }
    if (this.operations.count(row) >= this.bound) this.makeRoom(row);
    return this.operations.add(row, low, hi);
  }

  /** Forgets the operation called longest ago once its window is empty: as many go as come, so that keys do not gather what is over. */
  private dropEmptied(row: number, called: number): void {
    const { operations } = this;
    for (let i = 0; i < DROPPED_AT_ONCE; i++) {
      const oldest = operations.oldest(row);
      if (oldest === called || operations.held.settle(oldest)) return;
      if (this.holder(row) === oldest) this.setHolder(row, ANY);
      operations.remove(row, oldest);
    }
  }

  /** Forgets operations whose windows are empty; where there are none, the one called longest ago. */
  private makeRoom(row: number): void {
    const { operations } = this;
    if (this.clock !== null && (this.rows.f64[row * this.rows.stride + LEAST] as number) <= this.record.lo) {
      operations.visit(row, (operation) => {
        if (!operations.held.settle(operation)) operations.remove(row, operation);
      });
      this.afterRemoving(row);
    }
    if (operations.count(row) < this.bound) return;
    this.overflow++;
    const oldest = operations.oldest(row);
    const matters = this.greatestOf(oldest) >= this.greatest(row) || this.holder(row) === oldest;
    operations.remove(row, oldest);
    if (matters) this.afterRemoving(row);
  }

  /** An operation for which the condition holds; 0 when there is none. Only the one called last can have gained. */
  private holderFor(row: number, test: Test): number {
    const newest = this.operations.newest(row);
    if (newest !== 0 && test.holds(this.valueOf(row, newest))) return newest;
    const holder = this.holder(row);
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
    if (this.clock === null) return true;
    this.clock.show(row);
    return this.operations.held.settle(operation);
  }

  /** Once the key's first event has left (the first that a fence left), the window is whole. Without a window it always is. */
  private isWhole(row: number): boolean {
    return this.clock === null || (this.rows.stride > FIRST && this.clock.isPast(row, this.first(row)));
  }

  /** The horizon at which the next call of any operation leaves. */
  private nextLeaveAt(row: number, clock: KeyClock): number {
    let next = Number.POSITIVE_INFINITY;
    this.operations.visit(row, (operation) => {
      if (this.settleOperation(row, operation)) next = Math.min(next, this.operations.held.leavesAt(operation));
    });
    return clock.leavesAt(row, next);
  }

  private setFirst(row: number, time: number): void {
    this.rows.f64[row * this.rows.stride + FIRST] = time;
  }

  private first(row: number): number {
    return this.rows.f64[row * this.rows.stride + FIRST] as number;
  }

  private greatest(row: number): number {
    return this.rows.f64[row * this.rows.stride + GREATEST] as number;
  }

  private holder(row: number): number {
    return this.rows.u32[row * this.rows.stride * 2 + HOLDER] as number;
  }

  private setHolder(row: number, holder: number): void {
    this.rows.u32[row * this.rows.stride * 2 + HOLDER] = holder;
  }
}
