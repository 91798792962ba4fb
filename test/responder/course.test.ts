import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Alert, FiringAlert } from '../../src/domain/alert.ts';
import type { DecisionOutcome } from '../../src/domain/decision.ts';
import type { KillState } from '../../src/domain/kill-state.ts';
import { alertCourse, type Course, ripeCourse } from '../../src/responder/course.ts';
import { Responder } from '../../src/responder/responder.ts';
import { aRule, firing, resolved } from '../support/alerts.ts';
import { SETTINGS } from '../support/responder-settings.ts';

const T = 1_000_000_000;
const APPLIED: DecisionOutcome = {
  status: 'applied',
  state: { expires_at: null } as KillState,
  before: null,
  appliedAt: T,
};

/** Drives a responder; everything that is attempted is applied. Tells what came to pass, with its horizon. */
class Drive {
  readonly told: string[] = [];
  readonly responder = new Responder(SETTINGS);
  #horizon = T;

  /** The horizon moves to a time in which these alerts happen. */
  moveTo(horizon: number, alerts: readonly Alert[] = []): void {
    this.#horizon = horizon;
    const now = () => ({ horizon: this.#horizon, wall: this.#horizon });
    this.#follow(alertCourse(this.responder, alerts, now));
    this.#follow(ripeCourse(this.responder, horizon, now));
  }

  #follow(course: Course): void {
    let answer: DecisionOutcome | null = null;
    for (let next = course.next(answer); !next.done; next = course.next(answer)) {
      const step = next.value;
      answer = step.type === 'attempt' ? APPLIED : null;
      if (step.type === 'attempt') this.told.push(`${step.at - T} attempt ${step.decision.id}`);
      if (step.type === 'suppressed') this.told.push(`${step.suppression.code} ${step.suppression.decision.id}`);
      if (step.type === 'closed') this.told.push(`${step.suppression.at - T} closed ${step.suppression.count}`);
    }
  }
}

/** Episodes of one key, one after the other: how long each fires, and how long nothing fires before it. */
function episodes(lengths: readonly (readonly [pause: number, length: number])[], exceptedUntil: number): Alert[] {
  const exceptions = [{ match: { require: [], forbid: [] }, until: T + exceptedUntil, comment: '' }];
  const rule = aRule({ cooldownMs: 100, exceptions: exceptedUntil === 0 ? [] : exceptions });
  let at = T;
  return lengths.flatMap(([pause, length], offset) => {
    at += pause;
    const cause = { kind: 'record', partition: 0, offset, appendedAt: at } as const;
    const alert: FiringAlert = firing(at, { rule, cause });
    at += length;
    return [alert, resolved(alert, at)];
  });
}

describe('the course of alerts', () => {
  it('does not depend on the steps in which the horizon moves: cooldowns and exceptions end at their own time', () => {
    const length = fc.nat({ max: 250 });
    const property = fc.property(
      fc.array(fc.tuple(length, length), { minLength: 1, maxLength: 8 }),
      fc.nat({ max: 400 }),
      fc.array(fc.nat({ max: 4_500 }), { maxLength: 40 }),
      (lengths, exceptedUntil, stops) => {
        const alerts = episodes(lengths, exceptedUntil);
        const end = T + 5_000;
        const atOnce = new Drive();
        atOnce.moveTo(end, alerts);

        const stepwise = new Drive();
        let from = T - 1;
        for (const stop of [...new Set([...stops.map((ms) => T + ms), end])].sort((a, b) => a - b)) {
          stepwise.moveTo(
            stop,
            alerts.filter(({ at }) => at > from && at <= stop),
          );
          from = stop;
        }
        expect(stepwise.told).toEqual(atOnce.told);
      },
    );
    fc.assert(property, { numRuns: 300 });
  });

  it('acts at the end of a cooldown, unless the alert has ended before', () => {
    const acted = (alerts: readonly Alert[]) => {
      const drive = new Drive();
      drive.moveTo(T + 1_000, alerts);
      return drive.told.filter((line) => line.includes('attempt')).map((line) => Number.parseInt(line, 10));
    };
    expect(
      acted(
        episodes(
          [
            [0, 10],
            [5, 84],
          ],
          0,
        ),
      ),
    ).toEqual([0]);
    expect(
      acted(
        episodes(
          [
            [0, 10],
            [5, 85],
          ],
          0,
        ),
      ),
    ).toEqual([0, 100]);
  });

  it('goes on from a checkpoint with what it waits for', () => {
    const [first, ended, second] = episodes(
      [
        [0, 10],
        [5, 500],
      ],
      0,
    );
    const drive = new Drive();
    drive.moveTo(T + 20, [first!, ended!, second!]);
    const state = JSON.parse(JSON.stringify(drive.responder.snapshot()));
    expect(new Responder(SETTINGS, state).ripeAt).toBe(T + 100);
    expect(drive.responder.ripeAt).toBe(T + 100);
  });
});
