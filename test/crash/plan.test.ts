import { describe, expect, it } from 'vitest';
import { eventText } from '../../crash/call.ts';
import { expectedOf } from '../../crash/expected.ts';
import { planOf } from '../../crash/plan.ts';
import { CRASH_RULES } from '../../crash/rules.ts';
import { DEFAULT_CONFIG } from '../../src/daemon/config/config.ts';
import { responderSettings } from '../../src/daemon/parts.ts';
import { scopeText } from '../../src/domain/scope.ts';
import { RehearsedPartition } from '../../src/rehearsal/rehearsed-partition.ts';
import { compileRules } from '../../src/rules/compile.ts';
import { parseRules } from '../../src/rules/parse.ts';

const SIZE = { events: 5_000, incidents: 40, kills: 12, restores: 6, second: true };
const NOW = 1_700_000_000_000;

/** `scope decidedBy value` of everything that is decided when nobody crashes and nobody restores. */
function decided({ stream, closing }: ReturnType<typeof planOf>): string[] {
  const parsed = parseRules([{ name: 'crash.yaml', content: CRASH_RULES }]);
  if (parsed.status === 'invalid') throw new Error(parsed.problems.map(({ message }) => message).join('\n'));
  const { topics, format, tools, sessionEndsAfterMs } = DEFAULT_CONFIG;
  const responder = responderSettings(DEFAULT_CONFIG, 'crash');
  const settings = { topic: topics.events, format, tools, sessionEndsAfterMs, responder };
  const made: string[] = [];
  const partition = new RehearsedPartition(0, compileRules(parsed.set), settings, (step) => {
    if (step.type !== 'attempt') return;
    const { scope, alert } = step.decision;
    made.push(`${scopeText(scope)} ${alert.evidence.events.at(-1)?.event_id} ${alert.evidence.value}`);
  });
  for (const [offset, call] of [...stream, ...closing.flatMap(({ calls }) => calls)].entries()) {
    expect(partition.decoder.decode(Buffer.from(eventText(call, NOW + offset)))).toBeNull();
    partition.step(offset, NOW + offset);
  }
  return made.sort();
}

describe('the plan of a crash run', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(planOf({ ...SIZE, seed: 1 })).toEqual(planOf({ ...SIZE, seed: 1 }));
    expect(planOf({ ...SIZE, seed: 1 }).stream).not.toEqual(planOf({ ...SIZE, seed: 2 }).stream);
  });

  it('expects what the engine decides where nothing crashes, for every seed', () => {
    for (let seed = 0; seed < 5; seed++) {
      const plan = planOf({ ...SIZE, restores: 0, seed });
      const expected = [...expectedOf(plan)].map(
        ([
          scope,
          {
            verdicts: [verdict],
          },
        ]) => {
          return `${scope} ${verdict!.decidedBy} ${verdict!.value}`;
        },
      );
      expect(decided(plan)).toEqual(expected.sort());
    }
  });

  it('restores only what has come about by then, and once', () => {
    for (let seed = 0; seed < 20; seed++) {
      const { restores, incidents, steps, stream } = planOf({ ...SIZE, seed });
      const early = new Set(stream.slice(0, steps[0]!.upTo).map(({ id }) => id));
      expect(restores.length).toBeGreaterThan(3);
      expect(new Set(restores.map(({ scope }) => scope)).size).toBe(restores.length);
      for (const { scope, step } of restores) {
        const incident = incidents.find((one) => one.scope === scope)!;
        expect(early.has(incident.verdict.decidedBy)).toBe(true);
        expect(step).toBeLessThan(steps.length);
      }
    }
  });

  it('lets the second instance join before it leaves or is killed', () => {
    for (let seed = 0; seed < 20; seed++) {
      let isThere = false;
      for (const { second, victim } of planOf({ ...SIZE, seed }).steps) {
        if (second !== null) {
          expect(isThere).toBe(second === 'leaves');
          isThere = second === 'joins';
        }
        if (victim === 'second') {
          expect(isThere).toBe(true);
          isThere = false;
        }
      }
    }
  });
});
