import type { Alert, ResolvedAlert } from '../domain/alert.ts';
import type { Decision, DecisionOutcome } from '../domain/decision.ts';
import type { Step } from '../domain/step.ts';
import type { Due, Moment, Responder } from './responder.ts';

/**
 * The one order in which alerts become records and attempts. Whoever drives it answers an attempt with its outcome, or with
 * null where it could not be carried out and was postponed; other steps with null.
 */
export type Course = Generator<Step, void, DecisionOutcome | null>;

/** What comes to pass with these alerts, and between them. */
export function* alertCourse(responder: Responder, alerts: readonly Alert[], now: () => Moment): Course {
  for (const alert of alerts) {
    yield* ripeCourse(responder, alert.at, now);
    yield { type: 'alert', alert };
    if (alert.state === 'resolved') yield* endCourse(responder, alert);
    else yield* dueCourse(responder, responder.fire(alert, now()), alert.at, now);
  }
}

/**
 * What waited for a horizon up to `until`, each at its own time: so it makes no difference in how many steps the horizon
 * comes there.
 */
export function* ripeCourse(responder: Responder, until: number, now: () => Moment): Course {
  for (let at = responder.ripeAt; at <= until; at = responder.ripeAt) {
    yield* dueCourse(responder, responder.ripen(now()), at, now);
  }
}

/** Carries out what is due, decided at the horizon `at`. */
export function* dueCourse(responder: Responder, due: Due, at: number, now: () => Moment): Course {
  for (const suppression of due.suppressed) yield { type: 'suppressed', suppression };
  for (const decision of due.attempts) {
    const outcome = yield { type: 'attempt', decision, at };
    if (outcome !== null) yield* outcomeCourse(responder, decision, outcome, now);
  }
}

/** Tells the responder what became of an attempt. */
export function* outcomeCourse(
  responder: Responder,
  decision: Decision,
  outcome: DecisionOutcome,
  now: () => Moment,
): Course {
  if (outcome.status === 'simulated') yield { type: 'simulated', decision };
  for (const suppression of responder.settle(decision, outcome, now())) yield { type: 'suppressed', suppression };
}

function* endCourse(responder: Responder, alert: ResolvedAlert): Course {
  const { suppressed, unreached } = responder.resolve(alert);
  for (const decision of unreached) yield { type: 'unreached', decision };
  for (const suppression of suppressed) yield { type: 'closed', suppression };
}
