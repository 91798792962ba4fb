import { type EventView, Status } from '../../domain/event/view.ts';
import type { CompiledRule } from '../../domain/rule.ts';
import { Callers, type Reach } from '../callers.ts';
import { Fingerprint } from '../fingerprint.ts';
import { HOLDER_FIELDS, Holder } from '../holder.ts';
import { CLOCK_WORDS, KeyClock } from '../key-clock.ts';
import { Lump } from '../lump.ts';
import type { Core, Explanation, Measure, Test } from '../measure.ts';
import { OPERATION_FIELDS, OPERATIONS_MAX, Operations } from '../operations.ts';
import type { SnapshotReader, SnapshotWriter } from '../parts.ts';
import type { RecordInHand } from '../record.ts';
import { OWN_F64, OWN_U32 } from '../row.ts';
import { Rows } from '../rows.ts';
import { Slices } from '../slices.ts';

/**
 * uint32 fields of a key's row: its operations, and which of them the condition held for last. Float64 fields: the
 * greatest effective time of any call held; with a window the clock, a time that no operation's newest call is older than, and,
 * where whole windows may be judged, the first event's.
 */
const OPERATIONS = OWN_U32;
const HOLDER = OPERATIONS + OPERATION_FIELDS;
const GREATEST = OWN_F64 + (OPERATION_FIELDS + HOLDER_FIELDS) / 2;
const CLOCK = GREATEST + 1;
const LEAST = CLOCK + CLOCK_WORDS;
const FIRST = LEAST + 1;

/** More than one, so that what gathered while nobody called goes too. */
const DROPPED_AT_ONCE = 2;

interface RepeatedForm {
  /** Words of an entry. */
  readonly width: number;
  readonly forgetsFailed: boolean;
  /** Greatest number of operations per key. */
  readonly bound: number;
  /** True where the measure has to hear of entries that leave. */
  readonly hearsLeave: boolean;
}

/**
 * Measures of calls that are repeated: per key the calls by operation, each with a window of its own on the key's one clock;
 * or without a window, by arrival alone. The key's value is that of its most repeated operation.
 */
export abstract class Repeated implements Measure {
  readonly rows: Rows;
  readonly takesFenced = false;
  readonly needsTimers: boolean;
  overflow = 0;
  protected readonly operations: Operations;
  protected readonly fingerprint: Fingerprint;
  protected readonly callers: Callers;
  protected readonly record: RecordInHand;
  private readonly clock: KeyClock | null;
  private readonly holder: Holder;
  private readonly bound: number;
  /** True where the first event's time is kept. */
  private readonly hasFirst: boolean;

  constructor(core: Core, compiled: CompiledRule, reach: Reach, form: RepeatedForm) {
    const { windowMs } = compiled.rule;
    const endsWithSession = reach === 'session';
    this.record = core.record;
    this.hasFirst = windowMs !== null && !endsWithSession;
    this.rows = new Rows(windowMs === null ? CLOCK : this.hasFirst ? FIRST + 1 : FIRST);
    this.needsTimers = this.hasFirst;
    this.bound = Math.min(form.bound, OPERATIONS_MAX);
    this.fingerprint = new Fingerprint(compiled);
    this.clock = windowMs === null ? null : new KeyClock(this.rows, CLOCK, windowMs, core.record);
    const hearsLeave = form.hearsLeave || reach === 'wide';
    this.operations = new Operations({
      arena: core.arena,
      record: core.record,
      rows: this.rows,
      field: OPERATIONS,
      width: form.width,
      behind: windowMs === null ? new Lump() : new Slices(windowMs),
      byTime: windowMs !== null,
      forgetsFailed: form.forgetsFailed,
      onLeave: hearsLeave ? (_operation, address) => this.leave(address) : null,
    });
    this.holder = new Holder(this.rows, HOLDER, this.operations);
    this.callers = new Callers(this.operations.held.rings, core.sessions, reach);
  }

  get bytes(): number {
    return this.operations.bytes;
  }

  read(): boolean {
    this.record.amount = 1;
    return this.fingerprint.read(this.record.view);
  }

  begin(row: number): void {
    const { rows } = this;
    this.holder.set(row, 0);
    rows.set64(row, GREATEST, Number.NEGATIVE_INFINITY);
    if (this.clock === null) return;
    this.clock.begin(row);
    rows.set64(row, LEAST, Number.POSITIVE_INFINITY);
    if (this.hasFirst) this.setFirst(row, this.record.time);
  }

  take(row: number): boolean {
    if (this.isLate(row)) return false;
    const { record, rows } = this;
    this.beforeTaking(row, record.view);
    if (this.clock !== null) {
      this.clock.set(row);
      this.dropEmptied(row);
    }
    const operation = this.operationInHand(row);
    const { held } = this.operations;
    if (this.clock !== null) held.settle(operation);
    const address = held.add(operation, record.view.status === Status.error);
    if (address !== 0) this.note(row, address);
    rows.set64(row, GREATEST, Math.max(rows.get64(row, GREATEST), record.time));
    if (this.clock !== null) rows.set64(row, LEAST, Math.min(rows.get64(row, LEAST), record.time));
    return true;
  }

  settle(row: number): boolean {
    if (this.clock === null) return this.operations.count(row) > 0;
    this.clock.run(row);
    return this.greatest(row) > this.record.lo;
  }

  holds(row: number, test: Test): boolean {
    if (!test.isGrowing) return this.isWhole(row) && test.holds(this.valueOf(row, this.most(row)));
    const operation = this.holderFor(row, test);
    this.holder.set(row, operation);
    return operation !== 0;
  }

  wakesAt(row: number, test: Test, watched: boolean): number {
    if (this.clock === null || (test.isGrowing && !watched && !this.needsTimers)) return Number.POSITIVE_INFINITY;
    if (test.isGrowing && !watched) return this.clock.leavesAt(row, this.greatest(row));
    if (test.isGrowing) return this.clock.leavesAt(row, this.operations.held.leavesAt(this.holder.find(row)));
    const leaves = this.nextLeaveAt(row, this.clock);
    return this.isWhole(row) ? leaves : Math.min(leaves, this.clock.leavesAt(row, this.first(row)));
  }

  judgedAgainAt(row: number): number {
    this.holder.forget(row);
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
    if (dropped && this.hasFirst) this.setFirst(row, Math.max(this.first(row), oldest));
    return operations.count(row) > 0;
  }

  clear(row: number): void {
    this.operations.keepOnly(row, 0);
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
    this.operations.held.behind.save(into, `${name}.behind`);
  }

  load(from: SnapshotReader, name: string): void {
    this.operations.held.behind.load(from, `${name}.behind`);
  }

  /** The value of one settled operation. */
  protected abstract value(operation: number): number;

  /** What the event does to the key before it is one of its calls. */
  protected beforeTaking(_row: number, _view: EventView): void {}

  /** Notes what the measure adds to an entry. */
  protected note(_row: number, address: number): void {
    this.callers.write(address, this.record.view);
  }

  protected leave(address: number): void {
    this.callers.leave(address);
  }

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
    this.rows.set64(row, GREATEST, greatest);
    if (this.clock !== null) this.rows.set64(row, LEAST, least);
    if (this.holder.mayHold(row)) this.holder.forget(row);
  }

  /** Effective time of an operation's latest call. In order of time it is the last one. */
  private greatestOf(operation: number): number {
    const { held } = this.operations;
    return this.clock === null ? held.greatestTime(operation) : held.newestTime(operation);
  }

  private operationInHand(row: number): number {
    const { operations } = this;
    const { lo, hi } = this.fingerprint;
    const known = operations.find(row, lo, hi);
    if (known !== 0) return operations.touch(row, known);
    if (operations.count(row) >= this.bound) this.makeRoom(row);
    return operations.add(row, lo, hi);
  }

  /** Forgets the operations called longest ago whose windows are empty: as many go as come, so that keys do not gather what is over. */
  private dropEmptied(row: number): void {
    const { operations } = this;
    for (let i = 0; i < DROPPED_AT_ONCE; i++) {
      const oldest = operations.oldest(row);
      if (oldest === 0 || operations.held.settle(oldest)) return;
      if (this.holder.is(row, oldest)) this.holder.forget(row);
      operations.remove(row, oldest);
    }
  }

  /** Forgets operations whose windows are empty; where there are none, the one called longest ago. */
  private makeRoom(row: number): void {
    const { operations } = this;
    if (this.clock !== null && this.rows.get64(row, LEAST) <= this.record.lo) {
      operations.visit(row, (operation) => {
        if (!operations.held.settle(operation)) operations.remove(row, operation);
      });
      this.afterRemoving(row);
    }
    if (operations.count(row) < this.bound) return;
    this.overflow++;
    const oldest = operations.oldest(row);
    const matters = this.greatestOf(oldest) >= this.greatest(row) || this.holder.is(row, oldest);
    operations.remove(row, oldest);
    if (matters) this.afterRemoving(row);
  }

  /** An operation for which the condition holds; 0 when there is none. Only the one called last can have gained. */
  private holderFor(row: number, test: Test): number {
    const newest = this.operations.newest(row);
    if (newest !== 0 && test.holds(this.valueOf(row, newest))) return newest;
    if (!this.holder.mayHold(row)) return 0;
    const holder = this.holder.find(row);
    if (holder !== 0 && test.holds(this.valueOf(row, holder))) return holder;
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
    return this.clock === null || (this.hasFirst && this.clock.isPast(row, this.first(row)));
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
    this.rows.set64(row, FIRST, time);
  }

  private first(row: number): number {
    return this.rows.get64(row, FIRST);
  }

  private greatest(row: number): number {
    return this.rows.get64(row, GREATEST);
  }
}
