import { ruleField, SENTINEL } from '../audit/facts.ts';
import type { Decision, DecisionOutcome } from '../domain/decision.ts';
import type { Evidence } from '../domain/evidence.ts';
import type { BriefEvidence } from '../domain/kill-state.ts';
import type { RuleGroup } from '../domain/rule.ts';
import type { ChangeOutcome, KillStore, TripRequest } from '../ports/kill-store.ts';
import { escalationOf, spendsOf } from '../responder/limits.ts';
import type { ResponderSettings } from '../responder/settings.ts';

/** What became of a decision, and the outbox entry whose acknowledgement makes it durable. */
export interface Acted {
  readonly outcome: DecisionOutcome;
  readonly outboxId: string | null;
}

/**
 * Carries decisions out at the kill store, at once: it waits for no audit, checkpoint or commit.
 * Rejects with a retryable error while the store is not there; the decision is then tried again under the same id.
 */
export class Actuator {
  readonly #store: Pick<KillStore, 'trip'>;
  readonly #settings: ResponderSettings;
  readonly #now: () => number;

  /** `now`: wall clock, epoch ms. */
  constructor(store: Pick<KillStore, 'trip'>, settings: ResponderSettings, now: () => number) {
    this.#store = store;
    this.#settings = settings;
    this.#now = now;
  }

  async act(decision: Decision, group: RuleGroup | undefined): Promise<Acted> {
    const outcome = await this.#store.trip(this.#request(decision, group));
    return { outcome: decisionOutcome(outcome), outboxId: outcome.status === 'applied' ? outcome.outboxId : null };
  }

  #request(decision: Decision, group: RuleGroup | undefined): TripRequest {
    const { alert } = decision;
    return {
      scope: decision.scope,
      mode: decision.mode,
      reason: decision.reason,
      actor: SENTINEL,
      decisionId: decision.id,
      rule: alert.rule.name,
      evidence: brief(alert.evidence),
      ttlMs: decision.ttlMs,
      inFlight: decision.inFlight,
      automation: {
        evidenceAppendedAt: alert.evidenceAppendedAt,
        limits: spendsOf(decision, this.#settings, group),
        escalation: escalationOf(decision, this.#settings),
      },
      simulate: decision.simulate,
      audit: {
        severity: alert.rule.severity,
        action: decision.action,
        rule: ruleField(alert.rule),
        evidence: alert.evidence,
        timing: {
          event_ts: alert.eventTs,
          appended_at: alert.cause.kind === 'record' ? alert.cause.appendedAt : null,
          decided_at: this.#now(),
        },
      },
    };
  }
}

/** As short as the kill state wants it: the newest three positions. */
export function brief(evidence: Evidence): BriefEvidence {
  const { measure, value, threshold, window_ms, events } = evidence;
  return { measure, value, threshold, window_ms, events: events.slice(-3) };
}

function decisionOutcome(outcome: ChangeOutcome): DecisionOutcome {
  switch (outcome.status) {
    case 'applied':
      return { status: 'applied', state: outcome.state, before: outcome.before, appliedAt: outcome.state.at };
    case 'unchanged':
      return { status: 'refused', code: 'already_tripped', detail: 'the scope is already stopped as much and as long' };
    case 'simulated':
      return { status: 'simulated' };
    default:
      return outcome;
  }
}
