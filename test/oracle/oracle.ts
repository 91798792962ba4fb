import type { KeyTexts } from '../../src/domain/rule.ts';
import type { Scope } from '../../src/domain/scope.ts';
import { effectiveTime, fingerprintOf, isWrite, keyTextOf, typeOf, unitsOf } from './event-facts.ts';
import { compare, conditionFor, feeds, isExactScope, keyOf, seesPhase } from './feeding.ts';
import { countingEntries, dropFenced, keepNewestOperations, pushOut } from './forgetting.ts';
import { type Entry, isEmpty, type Key, type KeyLife, raiseLowerBound } from './key-life.ts';
import { measure } from './measuring.ts';
import type { Happening, PlainAlert, PlainEvent, PlainResolved, PlainRule, Setup } from './plain.ts';
import { LIMITS, type Limits } from './plain.ts';

interface Session {
  readonly tenant: string;
  readonly session: string;
  readonly life: number;
  /** The horizon at its newest event. */
  newestAt: number;
  /** Ids and phases, oldest first, at most 1,024. */
  readonly ids: string[];
}

interface Taken {
  readonly event: PlainEvent;
  readonly offset: number;
  readonly appendedAt: number;
  readonly arrival: number;
  readonly sessionLife: number;
}

/**
 * The rules judged by brute force, as docs/semantics.md says and in its words: it keeps events, walks the horizon
 * millisecond by millisecond, recomputes every key at each of them and after each record. Slow and plain on purpose;
 * it shares no code with the engine.
 */
export class Oracle {
  readonly #setup: Setup;
  readonly #limits: Limits;
  #rules: readonly PlainRule[];
  readonly #keys = new Map<string, Key>();
  readonly #sessions = new Map<string, Session>();
  readonly #fences: { readonly scope: Scope; readonly at: number }[] = [];
  #horizon: number | null = null;
  #nextOffset = 0;
  #arrivals = 0;
  #alerts: PlainAlert[] = [];

  constructor(setup: Setup) {
    this.#setup = setup;
    this.#limits = setup.limits ?? LIMITS;
    this.#rules = setup.rules;
  }

  /** What this happening makes fire or end. */
  take(happening: Happening): PlainAlert[] {
    this.#alerts = [];
    if ('record' in happening) this.#step(happening.record, happening.offset, happening.appendedAt);
    else if ('advance' in happening) this.#walkTo(happening.advance);
    else if ('fence' in happening) this.#fence(happening.fence, happening.at);
    else this.#reload(happening.reload);
    return this.#alerts;
  }

  // The horizon.

  #walkTo(horizon: number): void {
    this.#horizon ??= horizon;
    if (horizon >= this.#horizon) this.#judgeDurations(this.#horizon);
    while (this.#horizon < horizon) {
      this.#horizon++;
      this.#tick(this.#horizon);
      if (this.#keys.size === 0 && this.#sessions.size === 0) this.#horizon = horizon;
    }
  }

  /** What leaves leaves, the condition is judged, waiting times elapse; then sessions end. */
  #tick(horizon: number): void {
    for (const key of [...this.#keys.values()]) this.#judge(key, horizon, `timer ${horizon}`);
    for (const session of [...this.#sessions.values()]) {
      if (horizon - session.newestAt >= this.#setup.sessionEndsAfterMs) this.#endSession(session, horizon);
    }
  }

  /** Ages and idle times after a reload: time alone has changed them, whatever comes next. */
  #judgeDurations(horizon: number): void {
    for (const key of [...this.#keys.values()]) {
      if (key.unjudgedSince !== null && isDuration(key.rule)) this.#judge(key, horizon, `timer ${horizon}`);
    }
  }

  #step(event: PlainEvent, offset: number, appendedAt: number): void {
    if (offset < this.#nextOffset) return;
    this.#nextOffset = offset + 1;
    this.#walkTo(appendedAt);
    const horizon = this.#horizon!;
    const session = this.#sessionOf(event);
    const id = JSON.stringify([event.event_id, event.phase ?? null]);
    if (session.ids.includes(id)) return;
    session.ids.push(id);
    if (session.ids.length > this.#limits.eventIdsPerSession) session.ids.shift();
    session.newestAt = horizon;
    const taken = { event, offset, appendedAt, arrival: this.#arrivals++, sessionLife: session.life };
    for (const rule of this.#rules) this.#feed(rule, taken, horizon);
    if (typeOf(event) === 'session_end') this.#endSession(session, horizon);
  }

  // Sessions.

  #sessionOf(event: PlainEvent): Session {
    const name = JSON.stringify([event.tenant_id, event.session_id]);
    const known = this.#sessions.get(name);
    if (known !== undefined) return known;
    const session: Session = {
      tenant: event.tenant_id,
      session: event.session_id,
      life: this.#arrivals,
      newestAt: this.#horizon!,
      ids: [],
    };
    this.#sessions.set(name, session);
    return session;
  }

  #endSession(session: Session, horizon: number): void {
    this.#sessions.delete(JSON.stringify([session.tenant, session.session]));
    for (const [name, key] of [...this.#keys]) {
      if (key.texts.session !== session.session || key.texts.tenant !== session.tenant) continue;
      this.#resolve(key, horizon, 'ended');
      this.#keys.delete(name);
    }
  }

  // Feeding.

  #feed(rule: PlainRule, taken: Taken, horizon: number): void {
    const touched = new Set<Key>();
    if (rule.measure.type === 'duplicate_count') for (const key of this.#learnFailure(rule, taken)) touched.add(key);
    const texts = keyOf(rule, taken.event);
    if (texts !== null && (isDuration(rule) || taken.appendedAt > this.#fenceOf(rule, texts))) {
      const key = this.#keyFor(rule, texts);
      if (this.#write(key, taken)) touched.add(key);
      if (feeds(rule, taken.event, this.#setup.tools) && this.#insert(key, taken, horizon)) touched.add(key);
      this.#dropIfNothing(key);
    }
    for (const key of touched) {
      key.unjudgedSince = null;
      this.#judge(key, horizon, `record ${taken.offset} ${taken.appendedAt}`);
    }
  }

  /** A result that failed marks the calls of its session with its call_id, whatever their key. */
  #learnFailure(rule: PlainRule, { event, arrival, sessionLife }: Taken): Key[] {
    if (event.phase !== 'result' || event.status !== 'error' || event.call_id === undefined) return [];
    const touched: Key[] = [];
    for (const key of this.#keys.values()) {
      if (key.rule !== rule) continue;
      for (const entry of key.life?.entries ?? []) {
        if (entry.sessionLife !== sessionLife || entry.event.call_id !== event.call_id) continue;
        if (entry.failedAt !== null) continue;
        entry.failedAt = arrival;
        touched.push(key);
      }
    }
    return touched;
  }

  /** A write of the key forgets every other fingerprint. @returns true when there was one. */
  #write(key: Key, { event, appendedAt }: Taken): boolean {
    const { rule, life } = key;
    if (life === null || rule.measure.type !== 'loop' || rule.measure.distinctOfLast !== null) return false;
    if (!isWrite(event, this.#setup.tools) || event.status === 'blocked' || !seesPhase(rule, event)) return false;
    if (rule.windowMs !== null && effectiveTime(event, appendedAt) <= life.lo) return false;
    const own = fingerprintOf(event, rule.measure.fingerprint, this.#setup.tools);
    const kept = life.entries.filter((entry) => entry.operation === own);
    const forgot = kept.length < life.entries.length;
    life.entries = kept;
    return forgot;
  }

  /** @returns false when the event is no entry of the key. */
  #insert(key: Key, taken: Taken, horizon: number): boolean {
    const entry = this.#entryOf(key.rule, taken, horizon);
    if (entry === null) return false;
    const { rule } = key;
    if (key.life !== null && rule.windowMs !== null && entry.effective <= key.life.lo) return false;
    const life: KeyLife = key.life ?? {
      entries: [],
      first: entry.effective,
      newest: entry.effective,
      seenAt: horizon,
      lo: -Infinity,
    };
    key.life = life;
    life.entries = [...life.entries, entry];
    life.newest = Math.max(life.newest, entry.effective);
    life.seenAt = horizon;
    if (rule.windowMs !== null) raiseLowerBound(life, rule.windowMs, horizon);
    pushOut(rule, life, entry.operation);
    this.#keepBounds(rule, life);
    return true;
  }

  #keepBounds({ measure: spec }: PlainRule, life: KeyLife): void {
    if (spec.type === 'duplicate_count') keepNewestOperations(life, this.#limits.operationsPerKey);
    if (spec.type !== 'loop') return;
    const last = spec.distinctOfLast;
    if (last === null) keepNewestOperations(life, this.#limits.fingerprintsPerKey);
    else life.entries = life.entries.filter((call) => call.effective > life.lo).slice(-last);
  }

  /** null where the event adds nothing to this measure. */
  #entryOf(rule: PlainRule, taken: Taken, horizon: number): Entry | null {
    const { event, appendedAt, offset, arrival, sessionLife } = taken;
    const spec = rule.measure;
    let operation: string | null = '';
    let units = 1;
    if (spec.type === 'duplicate_count' || spec.type === 'loop') {
      operation = fingerprintOf(event, spec.fingerprint, this.#setup.tools);
    } else if (spec.type === 'value_sum' || (spec.type === 'session_total' && spec.field !== 'actions')) {
      units = unitsOf(event, spec.field);
    }
    if (operation === null || units === 0) return null;
    const failedAt = event.status === 'error' ? arrival : null;
    const effective = effectiveTime(event, appendedAt);
    return {
      event,
      offset,
      appendedAt,
      effective,
      arrival,
      horizon,
      sessionLife,
      operation,
      units,
      failedAt,
      pushedOut: false,
    };
  }

  #keyFor(rule: PlainRule, texts: KeyTexts): Key {
    const text = keyTextOf(texts);
    const name = `${rule.name} ${text}`;
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    const condition = conditionFor(rule, texts);
    const key: Key = { rule, texts, text, condition, life: null, alert: { state: 'inactive' }, unjudgedSince: null };
    this.#keys.set(name, key);
    return key;
  }

  // Fences.

  #fence(scope: Scope, at: number): void {
    this.#fences.push({ scope, at });
    const horizon = this.#horizon;
    if (horizon === null) return;
    for (const key of [...this.#keys.values()]) {
      if (!isExactScope(key.rule, key.texts, scope)) continue;
      // Age and idle remember when; all else holds only what came after.
      if (key.life !== null && !isDuration(key.rule)) dropFenced(key.rule, key.life, at);
      this.#settle(key, horizon);
      // What is dropped makes no condition hold that did not.
      if (this.#holds(key, horizon) === null) this.#resolve(key, Math.max(at, firedAt(key)), 'fence');
      if (key.unjudgedSince !== null && key.life !== null) {
        key.unjudgedSince = countingEntries(key.rule, key.life).length;
      }
      this.#dropIfNothing(key);
    }
  }

  /** The newest fence of the scope that this key is; -1 when there is none. */
  #fenceOf(rule: PlainRule, texts: KeyTexts): number {
    const fences = this.#fences.filter(({ scope }) => isExactScope(rule, texts, scope));
    return Math.max(-1, ...fences.map(({ at }) => at));
  }

  // A reload.

  #reload(rules: readonly PlainRule[]): void {
    this.#rules = rules;
    const horizon = this.#horizon ?? 0;
    for (const [name, key] of [...this.#keys]) {
      const rule = rules.find((candidate) => candidate.name === key.rule.name);
      const isUnchanged = rule !== undefined && JSON.stringify(rule) === JSON.stringify(key.rule);
      if (!isUnchanged) this.#resolve(key, horizon, 'reload');
      this.#keys.delete(name);
      if (rule === undefined || !hasSameMeasure(rule, key.rule)) continue;
      this.#settle(key, horizon);
      const counted = key.life === null ? null : countingEntries(key.rule, key.life).length;
      const condition = conditionFor(rule, key.texts);
      const kept: Key = { ...key, rule, condition, unjudgedSince: isUnchanged ? key.unjudgedSince : counted };
      this.#keys.set(name, kept);
      this.#dropIfNothing(kept);
    }
  }

  // Judging.

  #judge(key: Key, horizon: number, cause: string): void {
    this.#settle(key, horizon);
    if (key.unjudgedSince !== null && key.life !== null && !isDuration(key.rule)) {
      if (countingEntries(key.rule, key.life).length === key.unjudgedSince) return;
    }
    key.unjudgedSince = null;
    this.#runAlert(key, this.#holds(key, horizon), horizon, cause);
    this.#dropIfNothing(key);
  }

  #dropIfNothing(key: Key): void {
    if (key.life === null && key.alert.state === 'inactive') this.#keys.delete(`${key.rule.name} ${key.text}`);
  }

  /** What leaves the window leaves; a key whose window is empty is forgotten, clock included. */
  #settle(key: Key, horizon: number): void {
    if (key.life === null) return;
    if (key.rule.windowMs !== null) raiseLowerBound(key.life, key.rule.windowMs, horizon);
    if (isEmpty(key.life, key.rule)) key.life = null;
  }

  /** What was measured, when the condition holds for it; else null. */
  #holds(key: Key, horizon: number) {
    const fence = isDuration(key.rule) ? this.#fenceOf(key.rule, key.texts) : -1;
    const measured = measure(key, horizon, fence);
    return measured !== null && compare(measured.value, key.condition) ? measured : null;
  }

  #runAlert(key: Key, holding: ReturnType<typeof measure>, horizon: number, cause: string): void {
    if (key.alert.state === 'firing') {
      if (holding !== null) {
        key.alert = { ...key.alert, quietSince: null };
        return;
      }
      const quietSince = key.alert.quietSince ?? horizon;
      key.alert = { ...key.alert, quietSince };
      if (horizon - quietSince >= key.rule.keepFiringForMs) this.#resolve(key, horizon, 'condition');
      return;
    }
    if (holding === null) {
      key.alert = { state: 'inactive' };
      return;
    }
    const since = key.alert.state === 'pending' ? key.alert.since : horizon;
    key.alert = { state: 'pending', since };
    if (horizon - since < key.rule.forMs) return;
    key.alert = { state: 'firing', cause, quietSince: null };
    const identity = { rule: key.rule.name, key: key.text, at: horizon, cause };
    this.#alerts.push({ state: 'firing', ...identity, threshold: key.condition.threshold, ...holding });
  }

  #resolve(key: Key, at: number, why: PlainResolved['why']): void {
    if (key.alert.state === 'firing') {
      const identity = { rule: key.rule.name, key: key.text, at, cause: key.alert.cause };
      this.#alerts.push({ state: 'resolved', ...identity, why });
    }
    key.alert = { state: 'inactive' };
  }
}

/** When the episode's cause came; -1 without one. */
function firedAt({ alert }: Key): number {
  return alert.state === 'firing' ? Number(alert.cause.split(' ').at(-1)) : -1;
}

function hasSameMeasure(a: PlainRule, b: PlainRule): boolean {
  const meaning = ({ measure: spec, match, groupBy, windowMs }: PlainRule) => [spec, match, groupBy, windowMs];
  return JSON.stringify(meaning(a)) === JSON.stringify(meaning(b));
}

function isDuration({ measure: { type } }: PlainRule): boolean {
  return type === 'session_age' || type === 'session_idle';
}
