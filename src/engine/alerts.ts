import type { Alert, AlertIdentity, ResolvedAlert } from '../domain/alert.ts';
import { type Explained, firingAlert, identity, type KnownEvent, type Site } from './evidence.ts';
import type { SnapshotReader, SnapshotWriter } from './parts.ts';
import type { RecordInHand } from './record.ts';
import { Rows } from './rows.ts';
import { Table } from './table.ts';
import { TimerOf, type Timers } from './timers.ts';

/** Float64 fields. */
const TIMER = 0;
/** The horizon at which the state began. */
const SINCE = 1;
const CAUSE_TIME = 2;
const CAUSE_OFFSET = 3;
/** uint32 fields. */
const RULE = 8;
const ROW = 9;
const STATE = 10;
const CAUSE_KIND = 11;
const WORDS = 6;

const State = { pending: 1, firing: 2, ending: 3 } as const;
const CauseKind = { record: 1, timer: 2 } as const;

/** A rule at work, as far as its alerts know it: each of its rows may have one. */
export interface Alerting extends Explained {
  /** Index among the rules of the set. */
  readonly place: number;
  /** 0: it has none. */
  alertOf(row: number): number;
  setAlert(row: number, alert: number): void;
}

/**
 * The alerts of all keys. An alert is
 *
 *     (none) ──holds──► pending ──held for `for`──► firing ──no more──► ending ──`keep_firing_for` over──► (none)
 *       ▲                  │                          ▲                    │
 *       └─────no more──────┘                          └──────holds─────────┘
 *
 * Firing and ending are one episode: told once when it fires, and once when it is resolved.
 */
export class Alerts {
  private readonly rows = new Rows(WORDS);
  private readonly table = new Table(this.rows);
  private readonly timers: Timers;
  private readonly record: RecordInHand;
  private readonly log: { readonly topic: string; readonly partition: number };
  private readonly episodes = new Map<string, number>();
  private readonly known = new Map<number, KnownEvent>();
  private runners: readonly Alerting[] = [];
  /** What was told in the step in hand. */
  readonly out: Alert[] = [];

  constructor(timers: Timers, record: RecordInHand, log: { readonly topic: string; readonly partition: number }) {
    this.timers = timers;
    this.record = record;
    this.log = log;
  }

  get size(): number {
    return this.table.size;
  }

  get firing(): number {
    return this.episodes.size;
  }

  useRunners(runners: readonly Alerting[]): void {
    this.runners = runners;
  }

  /** Setting a length costs more than asking for it. */
  clearOut(): void {
    if (this.out.length > 0) this.out.length = 0;
  }

  /** True while the alert depends on its condition going on to hold. */
  isWatched(alert: number): boolean {
    return alert !== 0 && this.rows.get32(alert, STATE) !== State.ending;
  }

  /** The condition was judged. @param byRecord whether the record in hand made it so, or a timer. */
  judged(runner: Alerting, row: number, holds: boolean, byRecord: boolean): void {
    const alert = runner.alertOf(row);
    if (holds) this.held(runner, row, alert, byRecord);
    else if (alert !== 0) this.broken(alert);
  }

  /** Ends an alert at once, whatever it may wait for. */
  end(alert: number, why: 'ended' | 'reload'): void {
    if (this.state(alert) === State.pending) this.remove(alert);
    else this.resolve(alert, why);
  }

  /**
   * Ends it for a fence. It ended when the scope was restored, not when we learned of that: after a crash we learn it at
   * another horizon. An alert that fired since ended with its cause.
   */
  endByFence(alert: number, fence: number): void {
    if (this.state(alert) === State.pending) this.remove(alert);
    else this.resolve(alert, 'fence', Math.max(fence, this.rows.get64(alert, CAUSE_TIME)));
  }

  /** A timer of an alert came up: `for` or `keep_firing_for` is over. */
  wake(alert: number, due: number): void {
    if (!this.remembers(alert, due)) {
      this.timers.ignored();
      return;
    }
    this.rows.set64(alert, TIMER, 0);
    if (this.state(alert) === State.pending) this.fire(alert, false);
    else this.resolve(alert, 'condition');
  }

  remembers(alert: number, due: number): boolean {
    return this.state(alert) !== 0 && this.rows.get64(alert, TIMER) === due;
  }

  /** Where the episode of that rule and key stands; null when there is none, or only `keep_firing_for` keeps it. */
  episode(rule: string, keyText: string): Site | null {
    const alert = this.episodes.get(episodeName(rule, keyText));
    return alert === undefined || this.state(alert) !== State.firing ? null : this.site(alert);
  }

  /** Rules have other places now: `places[old]` is the new one. */
  renumber(places: readonly number[]): void {
    this.visit((alert) => {
      this.rows.set32(alert, RULE, places[this.rows.get32(alert, RULE)] as number);
    });
  }

  armAll(): void {
    this.visit((alert) => {
      const due = this.rows.get64(alert, TIMER);
      if (due !== 0) this.timers.add(due, TimerOf.alert, alert);
    });
  }

  save(into: SnapshotWriter): void {
    this.table.save(into, 'alerts');
    into.fact('alerts.known', [...this.known]);
  }

  /** After the runners were loaded: episodes are found by their keys' texts. */
  load(from: SnapshotReader): void {
    this.table.load(from, 'alerts');
    for (const [alert, event] of from.fact<[number, KnownEvent][]>('alerts.known')) this.known.set(alert, event);
    this.visit((alert) => {
      if (this.state(alert) !== State.pending) this.episodes.set(this.episodeTextOf(alert), alert);
    });
  }

  private held(runner: Alerting, row: number, alert: number, byRecord: boolean): void {
    if (alert === 0) {
      this.begin(runner, row, byRecord);
      return;
    }
    const state = this.state(alert);
    if (state === State.pending && byRecord) this.remember(alert);
    if (state === State.ending) this.enter(alert, State.firing, 0);
  }

  private begin(runner: Alerting, row: number, byRecord: boolean): void {
    const alert = this.table.add();
    this.rows.set32(alert, RULE, runner.place);
    this.rows.set32(alert, ROW, row);
    runner.setAlert(row, alert);
    if (byRecord) this.remember(alert);
    this.enter(alert, State.pending, runner.rule.forMs);
    if (runner.rule.forMs === 0) this.fire(alert, byRecord);
  }

  private broken(alert: number): void {
    const state = this.state(alert);
    if (state === State.pending) this.remove(alert);
    if (state !== State.firing) return;
    const { keepFiringForMs } = this.runnerOf(alert).rule;
    if (keepFiringForMs === 0) this.resolve(alert, 'condition');
    else this.enter(alert, State.ending, keepFiringForMs);
  }

  private fire(alert: number, byRecord: boolean): void {
    const { record, rows } = this;
    rows.set64(alert, CAUSE_TIME, byRecord ? record.appendedAt : record.horizon);
    rows.set64(alert, CAUSE_OFFSET, byRecord ? record.offset : 0);
    rows.set32(alert, CAUSE_KIND, byRecord ? CauseKind.record : CauseKind.timer);
    this.enter(alert, State.firing, 0);
    this.episodes.set(this.episodeTextOf(alert), alert);
    this.out.push(firingAlert(this.site(alert), this.causeOf(alert), this.known.get(alert) ?? null));
    this.known.delete(alert);
  }

  private resolve(alert: number, why: ResolvedAlert['why'], at = this.record.horizon): void {
    this.episodes.delete(this.episodeTextOf(alert));
    const cause = this.causeOf(alert);
    this.out.push({ state: 'resolved', ...this.identity(alert), at, cause, why });
    this.remove(alert);
  }

  private remove(alert: number): void {
    const runner = this.runnerOf(alert);
    const row = this.rowOf(alert);
    if (this.rows.get64(alert, TIMER) !== 0) this.timers.forgot();
    this.known.delete(alert);
    this.table.remove(alert);
    runner.setAlert(row, 0);
  }

  private enter(alert: number, state: number, waitMs: number): void {
    const { rows } = this;
    const at = this.record.horizon;
    if (rows.get64(alert, TIMER) !== 0) this.timers.forgot();
    rows.set32(alert, STATE, state);
    rows.set64(alert, SINCE, at);
    rows.set64(alert, TIMER, waitMs === 0 ? 0 : at + waitMs);
    if (waitMs !== 0) this.timers.add(at + waitMs, TimerOf.alert, alert);
  }

  /** The event in hand may be the deciding one when the alert fires later. */
  private remember(alert: number): void {
    const { offset, view } = this.record;
    this.known.set(alert, { offset, eventId: view.eventIdText(), ts: view.ts });
  }

  private state(alert: number): number {
    return this.rows.get32(alert, STATE);
  }

  private rowOf(alert: number): number {
    return this.rows.get32(alert, ROW);
  }

  private runnerOf(alert: number): Alerting {
    return this.runners[this.rows.get32(alert, RULE)] as Alerting;
  }

  private site(alert: number): Site {
    return { log: this.log, runner: this.runnerOf(alert), row: this.rowOf(alert), at: this.record.horizon };
  }

  private causeOf(alert: number): ResolvedAlert['cause'] {
    const { rows } = this;
    const { partition } = this.log;
    const time = rows.get64(alert, CAUSE_TIME);
    if (rows.get32(alert, CAUSE_KIND) === CauseKind.timer) return { kind: 'timer', partition, due: time };
    return { kind: 'record', partition, offset: rows.get64(alert, CAUSE_OFFSET), appendedAt: time };
  }

  private identity(alert: number): AlertIdentity {
    return identity(this.runnerOf(alert), this.rowOf(alert), this.record.horizon);
  }

  private episodeTextOf(alert: number): string {
    const { rule, keyText } = this.identity(alert);
    return episodeName(rule.name, keyText);
  }

  private visit(visit: (alert: number) => void): void {
    for (let alert = 1; alert < this.table.bound; alert++) if (this.state(alert) !== 0) visit(alert);
  }
}

function episodeName(rule: string, keyText: string): string {
  return `${rule}\n${keyText}`;
}
