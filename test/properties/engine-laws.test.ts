import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Happening, PlainAlert, Setup } from '../oracle/plain.ts';
import {
  anyScenario,
  crowdedScenario,
  reloadedScenario,
  type Scenario,
  unfencedScenario,
} from './arbitrary-streams.ts';
import { EngineRun } from './engine-run.ts';
import { runs } from './runs.ts';

const options = { numRuns: runs.few };
/** Random choices of a test, as many as it asks for. */
const choices = fc.infiniteStream(fc.nat({ max: 99 }));

describe('alerts depend on positioned records, fences and the horizon, and on nothing else', () => {
  it('however the horizon was moved between records', { timeout: runs.timeoutMs }, () => {
    fc.assert(
      fc.property(unfencedScenario, choices, ({ setup, happenings }, choice) => {
        const chunked = happenings.flatMap((happening, index) => {
          const [from, to] = [timeOf(happenings[index - 1] ?? happening), timeOf(happening)];
          if (to <= from || choice.next().value! < 50) return [happening];
          const share = choice.next().value! / 99;
          return [{ advance: from + Math.round((to - from) * share) }, { advance: to }, happening];
        });
        expect(alertsOf(setup, chunked)).toEqual(alertsOf(setup, happenings));
      }),
      options,
    );
  });

  it('in order of the horizon; what a fence ends, at the fence, or when it fired if that was later', {
    timeout: runs.timeoutMs,
  }, () => {
    fc.assert(
      fc.property(anyScenario, ({ setup, happenings }) => {
        const alerts = alertsOf(setup, happenings);
        const [byFence, others] = [alerts.filter(endedByFence), alerts.filter((alert) => !endedByFence(alert))];
        const times = others.map(({ at }) => at);
        expect(times).toEqual(times.toSorted((a, b) => a - b));
        const fences = happenings.flatMap((happening) => ('fence' in happening ? [happening.at] : []));
        for (const { at, cause } of byFence) {
          const firedAt = Number(cause.split(' ').at(-1));
          expect(fences.map((fence) => Math.max(fence, firedAt))).toContain(at);
        }
      }),
      options,
    );
  });

  it('whatever was fed before again', { timeout: runs.timeoutMs }, () => {
    fc.assert(
      fc.property(anyScenario, choices, ({ setup, happenings }, choice) => {
        const rewound = happenings.flatMap((happening, index) => {
          if (choice.next().value! < 80) return [happening];
          const seen = happenings.slice(0, index + 1).filter((earlier) => 'record' in earlier);
          return [happening, ...seen.slice(-choice.next().value!)];
        });
        expect(alertsOf(setup, rewound)).toEqual(alertsOf(setup, happenings));
      }),
      options,
    );
  });

  it('however often an event of an open session is delivered', { timeout: runs.timeoutMs }, () => {
    fc.assert(
      fc.property(anyScenario, choices, ({ setup, happenings }, choice) => {
        const once = happenings.map(spread);
        const again = once.flatMap((happening) => {
          if (!('record' in happening) || happening.record.type === 'session_end') return [happening];
          return choice.next().value! < 60 ? [happening] : [happening, { ...happening, offset: happening.offset + 1 }];
        });
        expect(alertsOf(setup, again)).toEqual(alertsOf(setup, once));
      }),
      options,
    );
  });

  it('when a snapshot is restored in between', { timeout: runs.timeoutMs }, () => {
    fc.assert(
      fc.property(fc.oneof(anyScenario, reloadedScenario), choices, ({ setup, happenings }, choice) => {
        let run = new EngineRun(setup);
        const alerts = happenings.flatMap((happening) => {
          const told = run.take(happening);
          if (choice.next().value! < 15) run = run.restored();
          return told;
        });
        expect(alerts).toEqual(alertsOf(setup, happenings));
      }),
      options,
    );
  });

  it('when a snapshot of a crowded window is restored', { timeout: runs.timeoutMs }, () => {
    fc.assert(
      fc.property(crowdedScenario, fc.uniqueArray(fc.nat({ max: 400 }), { maxLength: 4 }), (scenario, places) => {
        const { setup, happenings } = scenario;
        let run = new EngineRun(setup);
        const alerts = happenings.flatMap((happening, index) => {
          if (places.includes(index)) run = run.restored();
          return run.take(happening);
        });
        expect(alerts).toEqual(alertsOf(setup, happenings));
      }),
      { ...options, endOnFailure: true },
    );
  });

  it('in whatever order partitions take turns', { timeout: runs.timeoutMs }, () => {
    fc.assert(
      fc.property(anyScenario, anyScenario, choices, (one, other, choice) => {
        const lanes = [one, other].map(({ setup, happenings }) => ({
          run: new EngineRun(setup),
          rest: [...happenings],
          alerts: [] as PlainAlert[],
        }));
        while (lanes.some(({ rest }) => rest.length > 0)) {
          const waiting = lanes.filter(({ rest }) => rest.length > 0);
          const lane = waiting[choice.next().value! % waiting.length]!;
          lane.alerts.push(...lane.run.take(lane.rest.shift()!));
        }
        const alone = ({ setup, happenings }: Scenario) => alertsOf(setup, happenings);
        expect(lanes.map(({ alerts }) => alerts)).toEqual([alone(one), alone(other)]);
      }),
      options,
    );
  });
});

describe('a reload', () => {
  it('of the same rules changes nothing', { timeout: runs.timeoutMs }, () => {
    fc.assert(
      fc.property(anyScenario, choices, ({ setup, happenings }, choice) => {
        const run = new EngineRun(setup);
        const alerts = happenings.flatMap((happening) => {
          const told = run.take(happening);
          return choice.next().value! < 15 ? [...told, ...run.take({ reload: setup.rules })] : told;
        });
        expect(alerts).toEqual(alertsOf(setup, happenings));
      }),
      options,
    );
  });

  it('without a rule resolves its alerts and changes no other', { timeout: runs.timeoutMs }, () => {
    fc.assert(
      fc.property(anyScenario, fc.nat({ max: 99 }), ({ setup, happenings }, share) => {
        const run = new EngineRun(setup);
        const at = Math.floor((happenings.length * share) / 100);
        const before = happenings.slice(0, at).flatMap((happening) => run.take(happening));
        const [first, ...others] = setup.rules;
        const resolved = run.take({ reload: others });
        const after = happenings.slice(at).flatMap((happening) => run.take(happening));
        expect(resolved.every(({ state, rule }) => state === 'resolved' && rule === first!.name)).toBe(true);
        const firing = (state: string) =>
          before.filter((alert) => alert.rule === first!.name && alert.state === state).length;
        expect(resolved.length).toBe(firing('firing') - firing('resolved'));
        const kept = ({ rule }: PlainAlert) => rule !== first!.name;
        expect([...before, ...after].filter(kept)).toEqual(alertsOf(setup, happenings).filter(kept));
        expect(after.every(kept)).toBe(true);
      }),
      options,
    );
  });
});

function alertsOf(setup: Setup, happenings: readonly Happening[]): PlainAlert[] {
  const run = new EngineRun(setup);
  return happenings.flatMap((happening) => run.take(happening));
}

function endedByFence(alert: PlainAlert): boolean {
  return alert.state === 'resolved' && alert.why === 'fence';
}

function timeOf(happening: Happening): number {
  if ('advance' in happening) return happening.advance;
  return 'record' in happening ? happening.appendedAt : Number.NaN;
}

/** Leaves room for a copy behind each record: a log may have gaps. */
function spread(happening: Happening): Happening {
  return 'record' in happening ? { ...happening, offset: happening.offset * 2 } : happening;
}
