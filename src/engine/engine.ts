import type { Alert, FiringAlert } from '../domain/alert.ts';
import type { Symbols } from '../domain/event/symbols.ts';
import { EventType, type EventView } from '../domain/event/view.ts';
import type { CompiledRuleSet } from '../domain/rule.ts';
import type { Scope } from '../domain/scope.ts';
import { Alerts } from './alerts.ts';
import { Arena } from './arena.ts';
import { holdingAlert } from './evidence.ts';
import { Fences } from './fences.ts';
import { type CardinalityLimits, CLOCK_SKEW_MS, DEFAULT_LIMITS } from './limits.ts';
import { type Snapshot, SnapshotReader, SnapshotWriter } from './parts.ts';
import { RecordInHand } from './record.ts';
import { Runners } from './runners.ts';
import { SessionRows } from './session-rows.ts';
import { SESSION_WORDS, Sessions } from './sessions.ts';
import { TimerOf, Timers } from './timers.ts';

/*
 * Terminology
 *   record    an event with its offset and append time; the engine is fed one at a time, by offset
 *   horizon   the greatest append time so far; it moves by records, or by `advance` once the partition is drained
 *   key       what a rule groups by: the ids that one window, total or duration belongs to
 *   row       a key's numbers, in the table of its rule's measure
 *   clock     of a key: the time that its window ends at
 *   entry     an event that contributes to a key
 *   held      of a key: the entries that have not left; empty: the key is forgotten
 *   judge     ask whether the condition of a key holds, after a record or when time alone may have changed it
 *   episode   the life of an alert from firing to resolved
 *   fence     the time of a scope's last restore or expiry: its keys hold only what was appended after it
 */

export interface EngineOptions {
  readonly log: { readonly topic: string; readonly partition: number };
  readonly rules: CompiledRuleSet;
  readonly symbols: Symbols;
  /** A session is over that long after its newest event, ms on the horizon. */
  readonly sessionEndsAfterMs: number;
  readonly limits?: CardinalityLimits;
}

export interface EngineStats {
  /** Records taken in: neither skipped nor below the next offset. */
  readonly processed: number;
  /** Events that some key was past. */
  readonly late: number;
  /** Events whose id their session had seen. */
  readonly repeated: number;
  /** What found no place: tenants, sessions, keys, operations, fingerprints. Add what the symbols count themselves. */
  readonly overflow: number;
  readonly activeSessions: number;
  /** Sessions that ever began. */
  readonly sessions: number;
  readonly firingAlerts: number;
  /** Rows of all rules. */
  readonly keys: number;
  readonly timers: number;
  /** Bytes of state, without the symbols. */
  readonly stateBytes: number;
}

/**
 * Judges one partition's events by rules (docs/semantics.md). Pure: time and records are arguments, the same calls give the
 * same alerts. What `step` and its like return is one array, used again by the next call: read it before.
 * Append times are epoch ms below 2^42, offsets integers below 2^53.
 */
export class Engine {
  private readonly options: EngineOptions;
  private readonly arena = new Arena();
  private readonly timers = new Timers();
  private readonly sessionRows = new SessionRows(SESSION_WORDS);
  private readonly record = new RecordInHand();
  private readonly fences: Fences;
  private readonly sessions: Sessions;
  private readonly alerts: Alerts;
  private readonly runners: Runners;
  private processed = 0;
  private late = 0;
  private repeated = 0;
  private overflow = 0;
  private begun = 0;

  constructor(options: EngineOptions) {
    const { symbols, log, sessionEndsAfterMs, limits = DEFAULT_LIMITS } = options;
    const { arena, timers, sessionRows, record } = this;
    this.options = options;
    this.fences = new Fences(symbols);
    this.sessions = new Sessions(symbols, sessionRows, arena, timers, limits, sessionEndsAfterMs);
    this.alerts = new Alerts(timers, record, log);
    const { fences, sessions, alerts } = this;
    const partition = { symbols, arena, timers, sessionRows, record, fences, sessions, alerts, limits };
    this.runners = new Runners(partition, options.rules.rules);
  }

  /** The next offset that is expected: lower ones are ignored. */
  get nextOffset(): number {
    return this.record.nextOffset;
  }

  /** Where reading begins, for an engine that was not restored: earlier records are ignored. */
  startAt(offset: number): void {
    this.record.nextOffset = offset;
  }

  get symbols(): Symbols {
    return this.options.symbols;
  }

  get horizon(): number {
    return this.record.horizon;
  }

  get stats(): EngineStats {
    const { arena, timers, sessionRows, sessions, runners } = this;
    return {
      processed: this.processed,
      late: this.late,
      repeated: this.repeated,
      overflow: this.overflow + runners.sum((runner) => runner.overflow + runner.measure.overflow),
      activeSessions: sessions.active,
      sessions: this.begun,
      firingAlerts: this.alerts.firing,
      keys: runners.sum((runner) => runner.size),
      timers: timers.size,
      stateBytes: arena.bytes + timers.bytes + sessionRows.bytes + runners.sum((runner) => runner.bytes),
    };
  }

  /**
   * Takes one record in. Timers due by its append time fire first.
   * @returns alerts in order: of timers by due time, then of the record; at one instant by rule, then by key text.
   */
  step(offset: number, appendedAt: number, view: EventView): readonly Alert[] {
    const { sessions } = this;
    if (!this.accept(offset)) {
      sessions.releaseIfUnused(view.session);
      return this.alerts.out;
    }
    sessions.pin(view.session);
    this.moveTo(appendedAt);
    this.processed++;
    const mark = this.alerts.out.length;
    if (this.takeUp(offset, appendedAt, view)) this.judge(view);
    sessions.unpin();
    this.runners.sortAlerts(mark);
    return this.alerts.out;
  }

  /** A record that is no event (dead-lettered, damaged): only its place and time count. */
  skip(offset: number, appendedAt: number): readonly Alert[] {
    if (this.accept(offset)) this.moveTo(appendedAt);
    return this.alerts.out;
  }

  /** Lets go of an event that was decoded and is not to be taken in. */
  discard(view: EventView): void {
    this.sessions.releaseIfUnused(view.session);
  }

  /** Moves the horizon without a record: the partition is known to be drained up to then. */
  advance(horizon: number): readonly Alert[] {
    this.alerts.clearOut();
    this.moveTo(horizon);
    return this.alerts.out;
  }

  /** A scope was restored, or its switch expired, at that time of the store, ms. */
  fence(scope: Scope, at: number): readonly Alert[] {
    const { out } = this.alerts;
    this.alerts.clearOut();
    const { fences, sessions, runners, record } = this;
    if (!fences.add(scope, at, record.horizon)) return out;
    const { symbols } = this.options;
    if (scope.kind === 'session') {
      const session = symbols.sessions.find(scope.tenant, scope.session);
      if (sessions.isOpen(session)) sessions.setFence(session, at);
    }
    runners.fence(scope, at);
    runners.sortAlerts(0);
    return out;
  }

  /**
   * The episode as it stands now, with fresh evidence and the newest record as its cause; null when it is over, or when its
   * condition does not hold and only `keep_firing_for` keeps it.
   */
  holding(rule: string, keyText: string): FiringAlert | null {
    const site = this.alerts.episode(rule, keyText);
    if (site === null || !site.runner.settleRow(site.row)) return null;
    return holdingAlert(site);
  }

  /** Puts other rules in the place of those there are. @returns the alerts that end with their rules, or that have to be judged again */
  reload(rules: CompiledRuleSet): readonly Alert[] {
    const { out } = this.alerts;
    this.alerts.clearOut();
    this.runners.replace(rules.rules);
    return out;
  }

  /** Open sessions with an event in the last `withinMs` of the horizon. */
  activeSessions(withinMs: number): number {
    return this.sessions.countActive(this.record.horizon, withinMs);
  }

  /** Tenants that have an open session of that id. */
  activeSessionsOf(session: string): readonly string[] {
    const { tenants, sessions } = this.options.symbols;
    const found: string[] = [];
    for (let tenant = 1; tenant < tenants.bound; tenant++) {
      const text = tenants.text(tenant);
      if (text !== '' && this.sessions.isOpen(sessions.find(text, session))) found.push(text);
    }
    return found;
  }

  /** Everything that a restart needs, the symbols' snapshot included: to be copied before the engine's next call. */
  snapshot(): Snapshot {
    const into = new SnapshotWriter();
    const { nextOffset, horizon } = this.record;
    into.fact('engine', {
      nextOffset,
      horizon,
      processed: this.processed,
      late: this.late,
      repeated: this.repeated,
      begun: this.begun,
    });
    this.runners.saveRules(into);
    into.fact('symbols', this.options.symbols.snapshot());
    this.arena.save(into, 'arena');
    this.sessions.save(into);
    this.fences.save(into);
    this.runners.save(into);
    this.alerts.save(into);
    return into;
  }

  /**
   * The engine as it was, on symbols restored from the same snapshot (`symbolsOf`). Rules may be others than then: that
   * is a reload. @returns with the alerts that ended by it.
   */
  static restore(
    options: EngineOptions,
    snapshot: Snapshot,
  ): { readonly engine: Engine; readonly alerts: readonly Alert[] } {
    const engine = new Engine({ ...options, rules: { ...options.rules, rules: [] } });
    engine.load(new SnapshotReader(snapshot));
    return { engine, alerts: engine.reload(options.rules) };
  }

  /** @returns false for an offset below the next. */
  private accept(offset: number): boolean {
    this.alerts.clearOut();
    if (offset < this.record.nextOffset) return false;
    this.record.nextOffset = offset + 1;
    return true;
  }

  /** Puts the event into hand. @returns false when it counts nowhere. */
  private takeUp(offset: number, appendedAt: number, view: EventView): boolean {
    const { record, sessions } = this;
    record.offset = offset;
    record.appendedAt = appendedAt;
    record.view = view;
    record.time = Math.min(view.ts, appendedAt + CLOCK_SKEW_MS);
    record.late = false;
    if (!sessions.admitTenant(view.tenant)) {
      this.overflow++;
      return false;
    }
    record.session = this.openSession(view);
    if (record.session === 0) return true;
    if (sessions.repeats(record.session, view.eventLo, view.eventHi)) {
      this.repeated++;
      return false;
    }
    sessions.touch(record.session, record.horizon);
    return true;
  }

  /** @returns 0 when the session finds no place: rules that do not group by it see the event all the same. */
  private openSession(view: EventView): number {
    const { sessions, fences } = this;
    if (sessions.isOpen(view.session)) return view.session;
    if (!sessions.begin(view.tenant, view.session)) {
      this.overflow++;
      return 0;
    }
    this.begun++;
    sessions.setFence(view.session, fences.isEmpty ? 0 : fences.ofSession(view.session));
    return view.session;
  }

  private judge(view: EventView): void {
    const { record } = this;
    this.runners.step();
    if (record.late) this.late++;
    if (view.type === EventType.sessionEnd && record.session !== 0) this.endSession(record.session);
  }

  /** Fires what is due, each as if the horizon stood at its due time. */
  private moveTo(horizon: number): void {
    const { timers, record, alerts } = this;
    for (let due = timers.nextDue(); due <= horizon; due = timers.nextDue()) {
      if (due > record.horizon) record.horizon = due;
      const mark = alerts.out.length;
      while (timers.nextDue() === due) this.fireTimer(due);
      this.runners.sortAlerts(mark);
    }
    if (horizon > record.horizon) record.horizon = horizon;
    if (timers.isStale) timers.sweep((due, of, row) => this.remembers(due, of, row));
  }

  private fireTimer(due: number): void {
    const { timers, alerts, sessions } = this;
    const of = timers.nextOf();
    const row = timers.nextRow();
    timers.pop();
    if (of === TimerOf.alert) alerts.wake(row, due);
    else if (of !== TimerOf.session) this.runners.at(of).wake(row, due);
    else if (sessions.isOver(row, due)) this.endSession(row);
  }

  private remembers(due: number, of: number, row: number): boolean {
    if (of === TimerOf.alert) return this.alerts.remembers(row, due);
    if (of === TimerOf.session) return this.sessions.remembers(row, due);
    return this.runners.at(of).remembers(row, due);
  }

  private endSession(session: number): void {
    const { runners, sessions } = this;
    runners.endSession(session);
    sessions.end(session);
    sessions.releaseIfUnused(session);
  }

  private load(from: SnapshotReader): void {
    const { nextOffset, horizon, processed, late, repeated, begun } =
      from.fact<Record<'nextOffset' | 'horizon' | 'processed' | 'late' | 'repeated' | 'begun', number>>('engine');
    this.record.nextOffset = nextOffset;
    this.record.horizon = horizon;
    this.processed = processed;
    this.late = late;
    this.repeated = repeated;
    this.begun = begun;
    this.arena.load(from, 'arena');
    this.runners.loadRules(from);
    this.sessions.load(from);
    this.fences.load(from);
    this.runners.load(from);
    this.alerts.load(from);
  }
}
