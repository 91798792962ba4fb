import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AuditFacts, verifyChains } from '../../src/index.ts';
import { BASE } from '../oracle/telling.ts';
import { type AnyLife, anyLife, lived } from './arbitrary-lives.ts';
import { Live } from './live.ts';
import { alertsOf, carriedOut, decisionsOf, differing, scopesOf, suppressedFor, tripped, wordsOf } from './parity.ts';
import { rehearsed } from './rehearsed.ts';

/** Rule sets, together. */
const RUNS = Number(process.env.FC_RUNS ?? 0) || 200;
const LATE_RUNS = Math.ceil(RUNS / 5);
const timeout = Math.max(120_000, RUNS * 1_000);

interface Both {
  readonly past: readonly AuditFacts[];
  readonly audit: readonly AuditFacts[];
  readonly live: Live;
}

async function holds(life: AnyLife, law: (both: Both) => Promise<void> | void): Promise<void> {
  const { rules, said, partitions, nothingStands } = life;
  const live = new Live({ rules, said, partitions, time: BASE, nothingStands });
  try {
    const span = await lived(live, life);
    const audit = await live.audit();
    expect(differing(audit)).toEqual([]);
    expect(verifyChains(audit)).toEqual([]);
    await law({ past: await rehearsed(live, rules, span), audit, live });
  } finally {
    await live.close();
  }
}

/** What holds whatever the present knows: alerts to the letter, and each decision with its id, evidence and times. */
function expectParity({ past, audit }: Both): void {
  expect(alertsOf(audit)).toEqual(alertsOf(past));
  expect(decisionsOf(audit)).toEqual(decisionsOf(past));
}

describe('invariant 21: a backtest of a log has the alerts and decisions that the daemon had on it', () => {
  it('whatever the producers’ clocks, batches, pauses, restarts and hours of downtime', { timeout }, async () => {
    const compared = { decisions: 0, exceptions: 0, cooldowns: 0, simulated: 0, downtimes: 0 };
    const property = fc.asyncProperty(anyLife(false), async (life) => {
      await holds(life, async (both) => {
        const { past, audit, live } = both;
        if (life.nothingStands) {
          // Where the kill state holds nothing back, every word is the same: cooldowns, simulated decisions, and what is carried out.
          expect(alertsOf(audit)).toEqual(alertsOf(past));
          expect(wordsOf(audit)).toEqual(wordsOf(past));
          expect(tripped(live.trips)).toEqual(carriedOut(past));
        } else {
          expectParity(both);
          // An exception is of the records alone, and so is when it ends.
          expect(suppressedFor(audit, 'exception')).toEqual(suppressedFor(past, 'exception'));
          // Without cooldowns, what stands in the end is what the backtest would have stopped.
          if (life.uncooled) expect(await live.stopped()).toEqual(scopesOf(past));
        }
        compared.decisions += decisionsOf(past).length;
        compared.exceptions += suppressedFor(past, 'exception').length;
        compared.cooldowns += life.nothingStands ? suppressedFor(past, 'cooldown').length : 0;
        compared.simulated += past.filter(({ type }) => type === 'decision.simulated').length;
        compared.downtimes += life.breaks.down === null ? 0 : 1;
      });
    });
    await fc.assert(property, { numRuns: RUNS, endOnFailure: true });
    for (const [what, count] of Object.entries(compared)) expect(count, what).toBeGreaterThan(0);
  });

  it('also where it started late, without a checkpoint, and replayed the last hour quietly', { timeout }, async () => {
    let compared = 0;
    const property = fc.asyncProperty(anyLife(true), async (life) => {
      await holds(life, (both) => {
        expectParity(both);
        compared += decisionsOf(both.past).length;
      });
    });
    await fc.assert(property, { numRuns: LATE_RUNS, endOnFailure: true });
    expect(compared).toBeGreaterThan(0);
  });
});
