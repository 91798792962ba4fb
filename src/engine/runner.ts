import type { Symbols } from '../domain/event/symbols.ts';
import type { EventView } from '../domain/event/view.ts';
import type { CompiledRule, Rule } from '../domain/rule.ts';
import type { Alerts } from './alerts.ts';
import { Conditions } from './conditions.ts';
import { type Fences, type KeyScope, keyScope } from './fences.ts';
import type { Keys } from './keys.ts';
import { makeKeys } from './make-keys.ts';
import type { Core, Measure, Test, WitnessHost } from './measure.ts';
import { makeMeasure } from './measures/index.ts';
import type { SnapshotReader, SnapshotWriter } from './parts.ts';
import type { RecordInHand } from './record.ts';
import { alertOf, isHeld, isUsed, setAlert, setHeld, setTimer, timerOf } from './row.ts';
import type { Rows } from './rows.ts';
import type { SessionRows } from './session-rows.ts';
import type { Timers } from './timers.ts';

/** What all runners of a partition share. */
export interface Partition extends Core {
  readonly symbols: Symbols;
  readonly timers: Timers;
  readonly sessionRows: SessionRows;
  readonly fences: Fences;
  readonly record: RecordInHand;
  readonly alerts: Alerts;
}

/**
 * One rule at work: from events to the rows of its keys, from rows to judgements. It owns what all measures have in common:
 * which key, when the row is settled and judged, its one timer, and when it goes.
 */
export class Runner implements WitnessHost {
  readonly measure: Measure;
  readonly keys: Keys;
  /** The measure's own, at hand: asking it would be a look-up of its class for every event. */
  private readonly rows: Rows;
  private readonly witnesses: boolean;
  private readonly takesFenced: boolean;
  private readonly needsTimers: boolean;
  /** Index among the rules of the set. */
  place: number;
  /** Keys that found no place. */
  overflow = 0;
  /** Keys that have a row. */
  size = 0;
  private compiled: CompiledRule;
  private matches: (view: EventView) => boolean;
  private readonly partition: Partition;
  private readonly scope: KeyScope | null;
  private readonly keysOf: number[] = [];
  private readonly conditions: Conditions;

  constructor(compiled: CompiledRule, place: number, partition: Partition) {
    const { rule } = compiled;
    this.compiled = compiled;
    this.place = place;
    this.partition = partition;
    this.matches = compiled.bind(partition.symbols);
    this.scope = keyScope(rule.groupBy);
    this.measure = makeMeasure(compiled, partition);
    this.rows = this.measure.rows;
    this.witnesses = this.measure.witness !== undefined;
    this.takesFenced = this.measure.takesFenced;
    this.needsTimers = this.measure.needsTimers;
    const { symbols, sessionRows } = partition;
    this.keys = makeKeys(compiled, this.rows, symbols, sessionRows);
    this.conditions = new Conditions(compiled, this.rows, this.keys);
  }

  get rule(): Rule {
    return this.compiled.rule;
  }

  get symbols(): Symbols {
    return this.partition.symbols;
  }

  get bytes(): number {
    return this.measure.bytes + this.keys.bytes;
  }

  /** Takes in the event in hand. */
  step(): void {
    const { record } = this.partition;
    const feeds = this.matches(record.view);
    const { measure } = this;
    if (this.witnesses && !this.isFenced()) measure.witness!(feeds, this);
    if (!feeds || (!this.takesFenced && this.isFenced()) || !measure.read() || !this.keys.hasKey(record)) return;
    const row = this.rowInHand();
    if (row !== 0) this.take(row);
  }

  /** A timer of a row came up. */
  wake(row: number, due: number): void {
    if (!this.remembers(row, due)) {
      this.partition.timers.ignored();
      return;
    }
    setTimer(this.rows, row, 0);
    if (this.settleRow(row)) this.judge(row, false);
  }

  remembers(row: number, due: number): boolean {
    return isUsed(this.rows, row) && timerOf(this.rows, row) === due;
  }

  /** The keys of a session end, and their alerts. */
  endSession(session: number): void {
    this.keys.visitSession(session, (row) => this.drop(row, 'ended'));
  }

  /** Rows whose keys are exactly that scope hold only what was appended after the fence. */
  fence(scope: KeyScope, isIt: (row: number) => boolean, fence: number): void {
    if (scope !== this.scope) return;
    this.visit((row) => {
      if (isIt(row)) this.fenceRow(row, fence);
    });
  }

  // What a measure that witnesses events asks for.

  heldRow(): number {
    const { record } = this.partition;
    if (!this.keys.hasKey(record)) return 0;
    const row = this.keys.find(record);
    return row !== 0 && this.settleRow(row) ? row : 0;
  }

  settleRow(row: number): boolean {
    if (!isHeld(this.rows, row)) return false;
    if (this.measure.settle(row)) return true;
    this.forget(row);
    return false;
  }

  changed(row: number, left: boolean): void {
    if (left) this.judge(row, true);
    else this.forget(row);
  }

  // What alerts ask for.

  alertOf(row: number): number {
    return alertOf(this.rows, row);
  }

  /** A row without alert that holds nothing goes. */
  setAlert(row: number, alert: number): void {
    setAlert(this.rows, row, alert);
    if (alert === 0 && !isHeld(this.rows, row)) this.remove(row);
  }

  testOf(row: number): Test {
    return this.conditions.of(row);
  }

  /** The rule was loaded again; its measure is the same. @param changed whether its conditions have to be judged again */
  adopt(compiled: CompiledRule, place: number, changed: boolean): void {
    this.compiled = compiled;
    this.place = place;
    this.matches = compiled.bind(this.partition.symbols);
    this.keys.useSlots(compiled.groupSlots);
    this.measure.useSlots(compiled.slots);
    this.conditions.use(compiled, changed);
    if (!changed) return;
    this.visit((row) => {
      this.conditions.forget(row);
      if (isHeld(this.rows, row)) setTimer(this.rows, row, this.judgedAgainAt(row));
    });
  }

  /** Ends all alerts of the rule. */
  endAlerts(): void {
    this.visit((row) => {
      const alert = this.alertOf(row);
      if (alert !== 0) this.partition.alerts.end(alert, 'reload');
    });
  }

  /** Gives back everything: the rule is gone. */
  close(): void {
    this.visit((row) => this.drop(row, 'reload'));
  }

  armAll(): void {
    this.visit((row) => {
      const due = timerOf(this.rows, row);
      if (due !== 0) this.partition.timers.add(due, this.place, row);
    });
  }

  save(into: SnapshotWriter): void {
    const name = `rule${this.place}`;
    this.measure.save(into, `${name}.measure`);
    this.keys.save(into, `${name}.keys`);
  }

  load(from: SnapshotReader): void {
    const name = `rule${this.place}`;
    this.measure.load(from, `${name}.measure`);
    this.keys.load(from, `${name}.keys`);
    this.visit((row) => {
      this.count(row, 1);
      this.measure.loaded?.(row);
      this.conditions.forget(row);
    });
  }

  /** The row of the event's key, settled, or a new one; 0 when there is no place. */
  private rowInHand(): number {
    const { record } = this.partition;
    const row = this.keys.find(record);
    if (row !== 0 && (!isHeld(this.rows, row) || this.settleRow(row))) return row;
    // Forgotten just now: only an alert keeps a row that holds nothing.
    return (row !== 0 && this.keys.find(record)) || this.addRow();
  }

  private take(row: number): void {
    if (!isHeld(this.rows, row)) {
      this.measure.begin(row);
      setHeld(this.rows, row, true);
    }
    if (this.measure.take(row)) this.judge(row, true);
    else this.partition.record.late = true;
  }

  private judge(row: number, byRecord: boolean): void {
    const test = this.testOf(row);
    const holds = this.measure.holds(row, test);
    const { alerts } = this.partition;
    if (holds || this.alertOf(row) !== 0) alerts.judged(this, row, holds, byRecord);
    else if (!this.needsTimers) return;
    this.arm(row, this.measure.wakesAt(row, test, alerts.isWatched(this.alertOf(row))));
  }

  /** One timer per row: a later one waits for the earlier to come up. */
  private arm(row: number, due: number): void {
    if (due === Number.POSITIVE_INFINITY) return;
    const armed = timerOf(this.rows, row);
    if (armed !== 0 && armed <= due) return;
    if (armed !== 0) this.partition.timers.forgot();
    setTimer(this.rows, row, due);
    this.partition.timers.add(due, this.place, row);
  }

  private addRow(): number {
    const { record, limits } = this.partition;
    const tenant = this.scope === 'global_tool' ? 0 : record.view.tenant;
    if ((this.keysOf[tenant] ?? 0) >= limits.keysPerTenant && !this.makeRoom(tenant)) {
      this.overflow++;
      return 0;
    }
    const row = this.keys.add(record);
    this.count(row, 1);
    return row;
  }

  /** Sessions' keys are forgotten lazily; here it matters. */
  private makeRoom(tenant: number): boolean {
    if (!this.keys.areSessions) return false;
    this.visit((row) => {
      if (this.keys.tenant(row) === tenant) this.settleRow(row);
    });
    return (this.keysOf[tenant] ?? 0) < this.partition.limits.keysPerTenant;
  }

  /** The window is empty: nothing holds any more, and the row goes unless its alert still needs it. */
  private forget(row: number): void {
    const { alerts } = this.partition;
    this.measure.clear(row);
    setHeld(this.rows, row, false);
    this.disarm(row);
    const alert = this.alertOf(row);
    if (alert === 0) this.remove(row);
    else alerts.judged(this, row, false, false);
  }

  private fenceRow(row: number, fence: number): void {
    const { alerts } = this.partition;
    const isLeft = this.settleRow(row) && this.measure.fence(row, fence);
    const alert = isUsed(this.rows, row) ? this.alertOf(row) : 0;
    const holds = isLeft && this.measure.holds(row, this.testOf(row));
    if (alert !== 0 && !(holds && alerts.isWatched(alert))) alerts.endByFence(alert, fence);
    if (isLeft) this.arm(row, this.measure.wakesAt(row, this.testOf(row), alerts.isWatched(this.alertOf(row))));
    else if (isUsed(this.rows, row)) this.forget(row);
  }

  /** The row goes with its key, whatever it holds. */
  private drop(row: number, why: 'ended' | 'reload'): void {
    const alert = this.alertOf(row);
    if (alert !== 0) this.partition.alerts.end(alert, why);
    if (!isUsed(this.rows, row)) return;
    this.measure.clear(row);
    this.disarm(row);
    this.remove(row);
  }

  private remove(row: number): void {
    this.count(row, -1);
    this.keys.remove(row);
  }

  private isFenced(): boolean {
    const { fences, record, sessions } = this.partition;
    if (this.scope === null || fences.isEmpty) return false;
    const fence = this.scope === 'session' ? sessions.fence(record.session) : fences.of(this.scope, record.view);
    return record.appendedAt <= fence;
  }

  private judgedAgainAt(row: number): number {
    const { horizon } = this.partition.record;
    const due = this.measure.settle(row) ? this.measure.judgedAgainAt(row) : horizon;
    return Number.isFinite(due) ? due : 0;
  }

  private visit(visit: (row: number) => void): void {
    for (let row = 1; row < this.keys.bound; row++) if (isUsed(this.rows, row)) visit(row);
  }

  private count(row: number, more: number): void {
    const tenant = this.keys.tenant(row);
    this.size += more;
    while (this.keysOf.length <= tenant) this.keysOf.push(0);
    this.keysOf[tenant] = (this.keysOf[tenant] as number) + more;
  }

  private disarm(row: number): void {
    if (timerOf(this.rows, row) !== 0) this.partition.timers.forgot();
    setTimer(this.rows, row, 0);
  }
}
