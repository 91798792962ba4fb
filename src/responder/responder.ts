import { episodeText, type FiringAlert, type ResolvedAlert } from '../domain/alert.ts';
import type { Decision, DecisionOutcome, SuppressionCode } from '../domain/decision.ts';
import { causeTime } from '../domain/ids.ts';
import { type Scope, scopeText } from '../domain/scope.ts';
import type { ClosedSuppression, Suppression } from '../domain/step.ts';
import { decisionsFor } from './decisions.ts';
import { judge } from './ladder.ts';
import { RETRY_EVERY_MS, type ResponderSettings } from './settings.ts';

/**
 * From alerts to decisions, for one partition. Each episode opens cases, one per action and target; a case is
 *
 *   waiting ──attempt──► applied   (acted; may be decided once more when its switch has expired)
 *      ▲        │
 *      └────────┴─► suppressed     (a rung of the ladder or the kill switch said why not; tried again, same id)
 *
 * and ends with its episode. What an exception or a cooldown holds back is judged again when the horizon reaches its end
 * (`ripen`), so that a replay decides the same; what only the present knows, by the wall clock (`due`). The caller attempts
 * what they and `fire` return at the kill switch and tells the outcome with `settle`. Pure: time is an argument, the state
 * is plain data.
 */
export class Responder {
  readonly #settings: ResponderSettings;
  readonly #episodes = new Map<string, Case[]>();
  /** Episodes with a case that may be attempted again: what `due` has to look at. */
  readonly #open = new Set<string>();
  /** Rule and key → time of the cause of the last applied decision. */
  readonly #lastCauses = new Map<string, number>();
  #ripeAt = Number.POSITIVE_INFINITY;

  constructor(settings: ResponderSettings, state?: ResponderState) {
    this.#settings = settings;
    for (const [episode, cases] of state?.episodes ?? []) {
      this.#episodes.set(episode, [...cases]);
      this.#open.add(episode);
    }
    for (const [episode, time] of state?.lastCauses ?? []) this.#lastCauses.set(episode, time);
    this.#findRipeAt();
  }

  /** The horizon at which there is something to `ripen`; infinite when there is nothing. */
  get ripeAt(): number {
    return this.#ripeAt;
  }

  #openCases(alert: FiringAlert, now: Moment): readonly Case[] {
    const cases = decisionsFor(alert, this.#settings).map((decision) => newCase(decision, now.wall));
    if (cases.length === 0) return cases;
    const episode = episodeText(alert);
    this.#episodes.set(episode, cases);
    this.#open.add(episode);
    return cases;
  }

  /** Opens an episode. @returns what to do at once: stop first. */
  fire(alert: FiringAlert, now: Moment): Due {
    const due: Due = { attempts: [], suppressed: [] };
    const episode = episodeText(alert);
    for (const one of this.#openCases(alert, now)) this.#consider(episode, one, alert.at, now, due);
    return due;
  }

  /** What waited for the horizon `ripeAt`, judged for that time. */
  ripen(now: Moment): Due {
    const due: Due = { attempts: [], suppressed: [] };
    const at = this.#ripeAt;
    this.#eachOpen((episode, one) => {
      if (isRipe(one, at)) this.#consider(episode, one, at, now, due);
    });
    this.#findRipeAt();
    return due;
  }

  /** Ends an episode. */
  resolve(alert: ResolvedAlert): Ended {
    const episode = episodeText(alert);
    const cases = this.#episodes.get(episode) ?? [];
    this.#episodes.delete(episode);
    this.#open.delete(episode);
    return {
      suppressed: cases.flatMap((one) => closing(one, alert.at)),
      unreached: cases.filter((one) => one.postponed && one.nextTryAt !== null).map((one) => one.decision),
    };
  }

  /**
   * What to try again now. Suppressions are reported once per decision and reason.
   * `holding` gives an episode's alert as it stands now, for a second decision after a switch has expired.
   */
  due(now: Moment, holding: Holding): Due {
    const due: Due = { attempts: [], suppressed: [] };
    this.#eachOpen((episode, one) => {
      if (one.expiresAt !== undefined && !this.#renew(episode, one, now, holding)) return;
      const isTime = one.nextTryAt !== null && now.wall >= one.nextTryAt;
      if (isTime || isRipe(one, now.horizon)) this.#consider(episode, one, now.horizon, now, due);
    });
    this.#findRipeAt();
    return due;
  }

  #eachOpen(visit: (episode: string, one: Case) => void): void {
    for (const episode of this.#open) {
      const cases = this.#episodes.get(episode) ?? [];
      for (const one of cases) visit(episode, one);
      if (cases.every(isOver)) this.#open.delete(episode);
    }
  }

  #findRipeAt(): void {
    this.#ripeAt = Number.POSITIVE_INFINITY;
    this.#eachOpen((_, { ripeAt }) => {
      if (ripeAt !== null && ripeAt < this.#ripeAt) this.#ripeAt = ripeAt;
    });
  }

  #consider(episode: string, one: Case, at: number, now: Moment, due: Due): void {
    one.nextTryAt = now.wall + RETRY_EVERY_MS;
    one.ripeAt = null;
    const judgement = judge(one.decision, {
      ...now,
      at,
      lastCauseAt: this.#lastCauses.get(episode) ?? null,
      staleAfterMs: this.#settings.staleAfterMs,
    });
    if (judgement.act) {
      due.attempts.push(one.decision);
      return;
    }
    if (judgement.until !== 'retry') this.#waitFor(one, judgement.until);
    suppress(one, judgement.code, judgement.detail, at, due.suppressed);
  }

  #waitFor(one: Case, horizon: number | null): void {
    one.nextTryAt = null;
    one.ripeAt = horizon;
    if (horizon !== null && horizon < this.#ripeAt) this.#ripeAt = horizon;
  }

  /** After the switch has expired and the cooldown is over, new evidence makes one more decision of the same episode. */
  #renew(episode: string, one: Case, now: Moment, holding: Holding): boolean {
    const { rule, keyText } = one.decision.alert;
    if (one.expiresAt == null || now.horizon <= one.expiresAt) return false;
    const alert = holding(rule.name, keyText);
    if (alert === null || alert.evidenceAppendedAt <= one.expiresAt) return false;
    const last = this.#lastCauses.get(episode);
    if (last !== undefined && now.horizon < last + rule.cooldownMs) return false;
    const scope = scopeText(one.decision.scope);
    const again = decisionsFor(alert, this.#settings).find(
      (decision) => decision.action === one.decision.action && scopeText(decision.scope) === scope,
    );
    if (again === undefined) return false;
    Object.assign(one, newCase(again, now.wall));
    return true;
  }

  /** What the kill switch made of an attempt. @returns the suppression to record, if it is a new one. */
  settle(decision: Decision, outcome: DecisionOutcome, now: Moment): readonly Suppression[] {
    const episode = episodeText(decision.alert);
    const one = this.#find(decision);
    if (outcome.status === 'refused') {
      const { code, detail } = outcome;
      // Its episode is over: there is no case to remember the suppression by, and no other attempt either.
      if (one === undefined) return [{ decision, code, detail }];
      const suppressed: Suppression[] = [];
      suppress(one, code, detail, now.horizon, suppressed);
      return suppressed;
    }
    // What is carried out again, after a restart or an outage, may be older than what was decided since.
    const before = this.#lastCauses.get(episode) ?? Number.NEGATIVE_INFINITY;
    this.#lastCauses.set(episode, Math.max(before, causeTime(decision.alert.cause)));
    if (one) {
      one.nextTryAt = null;
      // Told once more of what stood already, it stays lifted.
      if (isKeyedByScope(decision)) one.expiresAt ??= null;
      else one.expiresAt = expiryOf(outcome);
    }
    return [];
  }

  /**
   * A scope was restored at that time, or its switch expired. Where the alert goes on though it holds only what is newer
   * (that came before we learned of it), nobody will fire it anew: newer evidence makes one more decision.
   */
  lift(scope: Scope, at: number): void {
    const text = scopeText(scope);
    for (const [episode, cases] of this.#episodes) {
      for (const one of cases) {
        if (one.expiresAt === undefined || causeTime(one.decision.alert.cause) > at) continue;
        if (!isKeyedByScope(one.decision) || scopeText(one.decision.scope) !== text) continue;
        one.expiresAt = at;
        this.#open.add(episode);
      }
    }
  }

  /** The kill switch could not be asked. @returns true the first time that this happens to the decision. */
  postpone(decision: Decision, until: number): boolean {
    const one = this.#find(decision);
    if (one === undefined) return false;
    const first = one.postponed !== true;
    one.nextTryAt = until;
    one.postponed = true;
    return first;
  }

  #find(decision: Decision): Case | undefined {
    return this.#episodes.get(episodeText(decision.alert))?.find((one) => one.decision.id === decision.id);
  }

  /** Forgets cooldowns that are over, so that memory follows what is recent. */
  forget(horizon: number, longestCooldownMs: number): void {
    for (const [episode, time] of this.#lastCauses) {
      if (time + longestCooldownMs < horizon && !this.#episodes.has(episode)) this.#lastCauses.delete(episode);
    }
  }

  /** Plain data for the checkpoint, to be written before the next call: it is not a copy. */
  snapshot(): ResponderState {
    return { episodes: [...this.#episodes], lastCauses: [...this.#lastCauses] };
  }
}

export interface Moment {
  /** Of the partition, epoch ms. */
  readonly horizon: number;
  /** Wall clock, epoch ms; the horizon in a backtest. */
  readonly wall: number;
}

export interface Ended {
  /** Each deserves a closing count. */
  readonly suppressed: readonly ClosedSuppression[];
  /** Decided, but the kill store was not there: still to be carried out, or an outage would lose a kill. */
  readonly unreached: readonly Decision[];
}

export interface Due {
  readonly attempts: Decision[];
  readonly suppressed: Suppression[];
}

/** Plain data: fit for JSON. */
export interface ResponderState {
  readonly episodes: readonly (readonly [string, readonly Case[]])[];
  readonly lastCauses: readonly (readonly [string, number])[];
}

type Holding = (rule: string, keyText: string) => FiringAlert | null;

/** One decision on its way. */
export interface Case {
  decision: Decision;
  /** Wall time of the next attempt; null when there is none. */
  nextTryAt: number | null;
  /** The horizon at which an exception or a cooldown ends; null when none is waited for. */
  ripeAt: number | null;
  /** When the applied switch ends, or ended; null: never; undefined: not applied. */
  expiresAt?: number | null | undefined;
  /** The kill store was not there when it was attempted. */
  postponed?: boolean;
  suppressions: { code: SuppressionCode; detail: string; since: number }[];
}

function newCase(decision: Decision, nextTryAt: number): Case {
  return { decision, nextTryAt, ripeAt: null, expiresAt: undefined, suppressions: [] };
}

/** A suppression is told once per decision and reason. */
function suppress(one: Case, code: SuppressionCode, detail: string, at: number, into: Suppression[]): void {
  if (one.suppressions.some((known) => known.code === code)) return;
  one.suppressions.push({ code, detail, since: at });
  into.push({ decision: one.decision, code, detail });
}

function isRipe({ ripeAt }: Case, horizon: number): boolean {
  return ripeAt !== null && ripeAt <= horizon;
}

function closing(one: Case, at: number): ClosedSuppression[] {
  return one.suppressions.map(({ code, detail, since }) => ({
    decision: one.decision,
    code,
    detail,
    at,
    count: 1 + Math.floor(Math.max(0, at - since) / RETRY_EVERY_MS),
  }));
}

function expiryOf(outcome: Exclude<DecisionOutcome, { status: 'refused' }>): number | null {
  return outcome.status === 'simulated' ? null : (outcome.state?.expires_at ?? null);
}

/** A restore's fence empties windows keyed by exactly the switched scope: there a new episode decides; but see `lift`. */
function isKeyedByScope({ action, alert }: Decision): boolean {
  const by = alert.rule.groupBy.join();
  return (action === 'terminate_session' && by === 'session') || (action === 'flip_tenant' && by === 'tenant');
}

/** Nothing will be tried again: applied for good, or never to be acted upon. */
function isOver(one: Case): boolean {
  return one.nextTryAt === null && one.ripeAt === null && one.expiresAt == null;
}
