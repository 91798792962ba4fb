import { SENTINEL } from '../audit/facts.ts';
import type { Decision, DecisionOutcome } from '../domain/decision.ts';

/** A decision as the kill switch would have applied it at the horizon `at`, with nothing standing in its way. */
export function appliedOutcome(decision: Decision, at: number): DecisionOutcome {
  const { id, mode, reason, alert, ttlMs, inFlight } = decision;
  return {
    status: 'applied',
    before: null,
    appliedAt: at,
    state: {
      mode: mode ?? 'disabled',
      reason,
      actor: SENTINEL,
      decision_id: id,
      rule: alert.rule.name,
      evidence: null,
      at,
      expires_at: ttlMs === null ? null : at + ttlMs,
      version: 0,
      in_flight: inFlight,
      epoch: '',
      fence: null,
      hold_until: null,
    },
  };
}
