import type { SuppressionCode } from '../domain/decision.ts';
import type { Actor, KillState } from '../domain/kill-state.ts';
import { coversMode } from '../domain/mode.ts';
import { type Scope, scopeTenant } from '../domain/scope.ts';
import type { ClearRequest, TripRequest } from '../ports/kill-store.ts';
import { type Account, judgeLimits, type LimitBook } from './limits.ts';
import { expiredReason } from './reasons.ts';
import {
  changesNothing,
  DAY_MS,
  type Draft,
  isTripped,
  joinedWith,
  type Standing,
  sayInFlight,
  WEEK_MS,
} from './standing.ts';

/**
 * What may happen to a switch, as pure functions: what stands and what is asked, to what shall stand, or why not.
 * The embedded store runs these; the Redis script (adapters/redis/lua) is held equal by test/conformance/kill-store.ts.
 *
 *                 trip (a rule or an operator), a hand-set text
 *      none ──────────────────────────────────────────────────────► tripped
 *       ▲                                                             │ │  trip: both modes together, the later end
 *       │   restore, expiry, a clearing text: leave a fence           │ │  renew: a killed session lasts 7 more days
 *       └─────────────────────────────────────────────────────────────┘ ◄┘  re-assert: what was lost or known elsewhere
 *
 * Fence and hold are carried through every change. Only a restore, an expiry, an operator's `replace` and a text set by
 * hand go down. Before any of these, what was set by hand in the scope is adopted (adoption.ts).
 */
export type Ruling = FinalRuling | Escalation;

/** A limit of this tenant is spent: ask {@link judgeEscalation} about the tenant's own switch. */
export interface Escalation {
  readonly status: 'escalate';
  readonly tenant: string;
  readonly why: string;
}

export type FinalRuling =
  /** This decision was applied before: nothing changes again. */
  | { readonly status: 'repeated' }
  /** Already as strict and as long; or there is nothing to clear. */
  | { readonly status: 'unchanged' }
  | {
      readonly status: 'refused';
      readonly code: SuppressionCode;
      readonly detail: string;
      /** A limit that concerns all was reached by this: it holds from now on. */
      readonly reached?: { readonly name: string; readonly detail: string };
    }
  | { readonly status: 'change'; readonly draft: Draft; readonly spends: readonly Account[] };

/** What a trip is judged by, read in the same step. */
export interface TripFacts {
  /** The store's time, ms. */
  readonly now: number;
  /** What stands on the scope, after adoption. */
  readonly standing: Standing;
  /** This decision id was applied within the last 7 days. */
  readonly repeated: boolean;
  /** The store has an epoch. */
  readonly initialised: boolean;
  /** The number of audit records that Kafka has not taken, when that is too many; null while it is not. */
  readonly outboxFull: number | null;
  readonly book: LimitBook;
}

type Refusal = Extract<FinalRuling, { status: 'refused' }>;

/** The ladder: the first rung that holds is the answer. Automation climbs all of it, an operator three rungs. */
export function judgeTrip(request: TripRequest, facts: TripFacts): Ruling {
  const { automation } = request;
  // The same decision, delivered again by a replay or a retry, has done its work.
  if (facts.repeated) return { status: 'repeated' };
  if (automation !== undefined) {
    // A store that may have forgotten kills and fences is no ground to act on.
    if (!facts.initialised) return refused('store_uninitialised', 'the store has no epoch: it was not initialised');
    // What a restore decided stands: old evidence never acts, and a hold keeps automation off.
    const off = keptOff(facts.standing, automation.evidenceAppendedAt, facts.now);
    if (off !== null) return off;
  }
  // Put back by whoever remembered it, in a store that has forgotten it: the switch stays, and gets the record that was lost.
  if (isTripped(facts.standing) && facts.standing.decision_id === request.decisionId) {
    return { status: 'change', draft: { ...facts.standing, actor: request.actor }, spends: [] };
  }
  const draft = tripDraft(request, facts.standing, facts.now);
  // Already tripped: changes nothing, spends nothing, is not remembered.
  if (changesNothing(facts.standing, draft)) return { status: 'unchanged' };
  if (automation === undefined) return { status: 'change', draft, spends: [] };
  // No action whose record could be lost.
  if (facts.outboxFull !== null) {
    return refused('outbox_full', `the outbox holds ${facts.outboxFull} records that Kafka has not taken`);
  }
  // The automation's own bounds come last: only what would change something is counted against them.
  const tenant = scopeTenant(request.scope);
  const verdict = judgeLimits(automation.limits, tenant, facts.now, facts.book);
  switch (verdict.kind) {
    case 'open':
      return { status: 'change', draft, spends: verdict.accounts };
    case 'held':
      return refused('not_armed', verdict.detail);
    case 'all_spent':
      return { ...refused('limit', verdict.detail), reached: verdict };
    case 'tenant_spent':
      if (automation.escalation === null || tenant === null) return refused('limit', verdict.detail);
      return { status: 'escalate', tenant, why: verdict.detail };
  }
}

/**
 * One tenant's limit is spent: its writes are disabled instead, under the same decision id. Where they are off already,
 * or the tenant's own fence or hold keeps automation off, nothing more happens: a flood escalates once.
 */
export function judgeEscalation(
  request: TripRequest,
  why: string,
  facts: Pick<TripFacts, 'now' | 'standing' | 'book'>,
): FinalRuling {
  const tenant = scopeTenant(request.scope);
  const escalation = request.automation?.escalation ?? null;
  if (request.automation === undefined || escalation === null || tenant === null) return refused('limit', why);
  const { now, standing, book } = facts;
  if (lasts(standing, now) && coversMode(standing.mode, 'disable_writes')) {
    return refused('limit', `${why}; writes of the tenant are off already`);
  }
  if (keptOff(standing, request.automation.evidenceAppendedAt, now) !== null) {
    return refused('limit', `${why}; a restore keeps automation off the tenant`);
  }
  const verdict = judgeLimits(escalation.limits, tenant, now, book);
  if (verdict.kind === 'held') return refused('not_armed', verdict.detail);
  if (verdict.kind !== 'open') {
    const refusal = refused('limit', `${why}; ${verdict.detail}`);
    return verdict.kind === 'all_spent' ? { ...refusal, reached: verdict } : refusal;
  }
  const { ttlMs, reason } = escalation;
  const scope: Scope = { kind: 'tenant', tenant };
  const instead: TripRequest = { ...request, scope, mode: 'disable_writes', ttlMs, reason, inFlight: null };
  return { status: 'change', draft: tripDraft(instead, standing, now), spends: verdict.accounts };
}

/** A restore of exactly this scope. With a hold it also applies where nothing is tripped: automation keeps off. */
export function judgeClear(
  request: ClearRequest,
  { now, standing, repeated }: Pick<TripFacts, 'now' | 'standing' | 'repeated'>,
): FinalRuling {
  if (repeated) return { status: 'repeated' };
  const { reason, actor, decisionId, holdMs } = request;
  if (!isTripped(standing) && holdMs === null) return { status: 'unchanged' };
  const draft: Draft = {
    mode: 'none',
    reason,
    actor,
    decision_id: decisionId,
    rule: null,
    evidence: null,
    expires_at: null,
    in_flight: null,
    fence: now,
    hold_until: holdMs === null ? (standing?.hold_until ?? null) : now + holdMs,
  };
  return { status: 'change', draft, spends: [] };
}

/** A switch whose end has come by both clocks; null while it has not. Like a restore, it leaves a fence. */
export function expireDraft(standing: Standing, dueBy: number, now: number, actor: Actor): Draft | null {
  if (!isTripped(standing) || standing.expires_at === null || standing.expires_at > dueBy) return null;
  const reason = expiredReason(standing.reason);
  return { ...standing, mode: 'none', reason, actor, expires_at: null, in_flight: null, fence: now };
}

/** A terminated session that still tries to act stays terminated for 7 days from now; at most once a day. */
export function renewDraft(scope: Scope, standing: Standing, now: number, actor: Actor): Draft | null {
  if (scope.kind !== 'session' || !isTripped(standing) || now - standing.at < DAY_MS) return null;
  if (standing.expires_at === null || standing.expires_at >= now + WEEK_MS) return null;
  return { ...standing, actor, expires_at: now + WEEK_MS };
}

/** A tripped state that somebody knows and the store has older or not at all: added to what stands, never below it. */
export function reassertDraft(standing: Standing, known: KillState, actor: Actor): Draft | null {
  if (!isTripped(known) || (standing !== null && standing.version >= known.version)) return null;
  const { fence, hold_until } = standing ?? known;
  return { ...joinedWith(standing, known), actor, fence, hold_until };
}

/** True when a state read back from the topic replaces what a store that is being rebuilt has. */
export function takesIn(standing: Standing, state: KillState): boolean {
  return standing === null || state.version > standing.version;
}

/** Evidence, fence and hold: why automation must not touch this scope, whatever it would change. */
function keptOff(standing: Standing, appendedAt: number, now: number): Refusal | null {
  const evidence = `the newest evidence was appended at ${appendedAt}`;
  if (now - appendedAt > WEEK_MS) return refused('evidence_too_old', `${evidence}, more than 7 days ago`);
  const { fence = null, hold_until = null } = standing ?? {};
  if (fence !== null && appendedAt <= fence) {
    return refused('fence', `${evidence}, not after the restore or expiry at ${fence}`);
  }
  if (hold_until !== null && hold_until > now) {
    return refused('hold', `an operator holds automation off this scope until ${hold_until}`);
  }
  return null;
}

/** What stands once a trip is applied: added to what stands or, where an operator replaces, instead of it. */
function tripDraft(request: TripRequest, standing: Standing, now: number): Draft {
  const asked: Draft = {
    mode: askedMode(request),
    reason: request.reason,
    actor: request.actor,
    decision_id: request.decisionId,
    rule: request.rule,
    evidence: request.evidence,
    expires_at: askedEnd(request, standing, now),
    in_flight: request.inFlight,
    fence: standing?.fence ?? null,
    hold_until: standing?.hold_until ?? null,
  };
  if (request.replace !== true) return joinedWith(standing, asked);
  const cancel = asked.in_flight === 'cancel';
  const draft = asked.in_flight === null ? asked : { ...asked, in_flight: sayInFlight(asked.mode, cancel) };
  const down = isTripped(standing) && !coversMode(draft.mode, standing.mode);
  return down ? { ...draft, fence: now } : draft;
}

/** Any trip of a session terminates it; a tool is disabled or it is not. */
function askedMode({ scope, mode }: TripRequest): Draft['mode'] {
  if (scope.kind === 'session') return 'stop_all';
  return scope.kind === 'tool' ? 'disabled' : (mode ?? 'stop_all');
}

/** A session's kill always ends. Killing it again lets its 7 days begin anew once a day, not at every alert. */
function askedEnd({ scope, ttlMs, replace }: TripRequest, standing: Standing, now: number): number | null {
  if (ttlMs !== null) return now + ttlMs;
  if (scope.kind !== 'session') return null;
  const end = isTripped(standing) && replace !== true ? standing.expires_at : null;
  return end !== null && end >= now + WEEK_MS - DAY_MS ? end : now + WEEK_MS;
}

function lasts(standing: Standing, now: number): standing is KillState {
  return isTripped(standing) && (standing.expires_at === null || standing.expires_at > now);
}

function refused(code: SuppressionCode, detail: string): Refusal {
  return { status: 'refused', code, detail };
}
