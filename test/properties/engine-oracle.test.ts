import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { examples } from '../oracle/examples.ts';
import { Oracle } from '../oracle/oracle.ts';
import { lineOf } from '../oracle/telling.ts';
import { expectAgreement } from './agreement.ts';
import { anyScenario, crowdedScenario, reloadedScenario, type Scenario } from './arbitrary-streams.ts';
import { EngineRun } from './engine-run.ts';
import { runs } from './runs.ts';

describe('the engine does what docs/semantics.md works out by hand', () => {
  it.each(examples)('$law', ({ setup, happenings, expect: lines }) => {
    const engine = new EngineRun(setup);
    expect(happenings.flatMap((happening) => engine.take(happening).map(lineOf).sort())).toEqual(lines);
  });
});

describe('the engine agrees with the oracle on every alert', () => {
  it('over random rules of every type, random streams and fences', { timeout: runs.timeoutMs }, () => {
    fc.assert(fc.property(anyScenario, agrees), { numRuns: runs.few });
  });

  it('where rules change in between', { timeout: runs.timeoutMs }, () => {
    fc.assert(fc.property(reloadedScenario, agrees), { numRuns: runs.few });
  });

  it('where a window holds far more than 256 entries', { timeout: runs.timeoutMs }, () => {
    fc.assert(fc.property(crowdedScenario, agrees), { numRuns: runs.rare, endOnFailure: true });
  });
});

function agrees({ setup, happenings }: Scenario): void {
  const engine = new EngineRun(setup);
  const oracle = new Oracle(setup);
  happenings.forEach((happening, index) => {
    expectAgreement(engine.take(happening), oracle.take(happening), `happening ${index}`);
  });
}
