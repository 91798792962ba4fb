import { describe, expect, it } from 'vitest';
import { type AuditFacts, verifyChains } from '../../src/index.ts';
import { NAMED_CLOCKS, type ProducerClock, timeAt } from './arbitrary-producers.ts';
import { Live } from './live.ts';
import { alertsOf, decisionsOf, differing } from './parity.ts';
import { rehearsed } from './rehearsed.ts';
import { alertNames, firingAt, type ShippedStream, shippedRules, shippedStreams } from './shipped-streams.ts';

const START = Date.UTC(2026, 0, 1);
const PARTITIONS = 3;
const RULES = shippedRules();
/** When the daemon is not there, ms after the begin. */
const AWAY = { from: 30 * 60_000, to: 90 * 60_000 };
/** Less than any switch stands. */
const JUDGE_EVERY_MS = 60_000;
/** The tests' events say themselves what writes. */
const TOOLS = { write: [], read: [] };

interface Ran {
  readonly audit: readonly AuditFacts[];
  readonly past: readonly AuditFacts[];
}

/** All tests of all shipped rules at once through a daemon that is away for an hour, and then through a backtest. */
async function run(streams: readonly ShippedStream[], clockOf: (tenant: string) => ProducerClock): Promise<Ran> {
  const live = new Live({ rules: RULES, said: { tools: TOOLS }, partitions: PARTITIONS, time: START });
  const events = streams.flatMap((stream) => stream.events).sort((a, b) => a.at - b.at);
  const seen = new Map<string, number>();
  let judgedUntil = 0;
  try {
    await live.start();
    let isUp = true;
    for (const { at, event } of events) {
      const { tenant_id } = event;
      const number = seen.get(tenant_id) ?? 0;
      seen.set(tenant_id, number + 1);
      live.clock.time = START + at;
      const isAway = at >= AWAY.from && at < AWAY.to;
      if (isUp === isAway) await (isAway ? live.stop() : live.start());
      isUp = !isAway;
      // A switch that expires is a fence, which a backtest does not know: what came before it is to be judged before.
      if (isUp && at >= judgedUntil + JUDGE_EVERY_MS) {
        await live.read();
        judgedUntil = at;
      }
      const ts = timeAt(clockOf(tenant_id), START, live.clock.time, number);
      await live.append([{ key: tenant_id, value: JSON.stringify({ ...event, ts }) }]);
    }
    const ends = streams.flatMap(({ expected }) => expected.map(({ eval_time }) => eval_time));
    live.clock.time = START + Math.max(...ends);
    const to = await live.settle();
    const audit = await live.audit();
    expect(differing(audit)).toEqual([]);
    expect(verifyChains(audit)).toEqual([]);
    return { audit, past: await rehearsed(live, RULES, { to }) };
  } finally {
    await live.close();
  }
}

function expectParity({ audit, past }: Ran): void {
  expect(alertsOf(audit)).toEqual(alertsOf(past));
  expect(decisionsOf(audit)).toEqual(decisionsOf(past));
}

/** Clocks that are wrong by the same amount all the time. */
const STEADY = NAMED_CLOCKS.filter(
  (clock) => clock.kind !== 'steps back' && !(clock.kind === 'old' && clock.pace !== 1),
);
const named = (clock: ProducerClock) => [JSON.stringify(clock), clock] as const;

describe('every shipped rule: the daemon and a backtest have the same alerts and decisions (invariant 21)', () => {
  it.each(STEADY.map(named))(
    'and those that its own tests expect, each at its time, where the producers’ clock is %s',
    async (_, clock) => {
      const streams = shippedStreams();
      const ran = await run(streams, () => clock);
      expectParity(ran);
      for (const { name, expected, tenant } of streams) {
        for (const { eval_time, alertname, exp_alerts, exp_actions } of expected) {
          const where = `${name}: ${alertname} after ${eval_time} ms`;
          const firing = firingAt(ran.audit, alertname, tenant(''), START + eval_time);
          expect(
            firing.map(({ tenant_id, session_id, evidence }) => [tenant_id, session_id, evidence?.value]),
            where,
          ).toEqual(
            exp_alerts.map(({ key, value }) => [tenant(key.tenant!), key.session ?? null, value ?? expect.any(Number)]),
          );
          const actions = decidedBy(ran.audit, alertname, tenant(''), START + eval_time);
          expect(actions, where).toEqual(exp_actions.map(({ action }) => action));
        }
      }
      const fired = new Set(ran.past.filter(({ type }) => type === 'alert.firing').map(({ rule }) => rule?.name));
      expect([...fired].sort()).toEqual(alertNames(RULES));
    },
  );

  it('where every tenant’s clock is another one, and some are set back on the way', async () => {
    const clocks = NAMED_CLOCKS.filter((clock) => !STEADY.includes(clock) || clock.kind === 'behind');
    const words = clocks.map((_, number) => `c${number}-`);
    const ran = await run(
      words.flatMap((word) => shippedStreams(word)),
      (tenant) => clocks[words.findIndex((word) => tenant.startsWith(word))]!,
    );
    expectParity(ran);
    expect(decisionsOf(ran.past).length).toBeGreaterThan(clocks.length * 5);
  }, 120_000);
});

/** What a rule had decided by then on one test's tenants. */
function decidedBy(facts: readonly AuditFacts[], rule: string, tenants: string, until: number): (string | null)[] {
  const alerts = facts.filter(({ type, time }) => type === 'alert.firing' && Date.parse(time) <= until);
  const causes = new Set(alerts.map(({ evidence }) => JSON.stringify(evidence)));
  return decisionsOf(facts)
    .filter((one) => one.rule === rule && one.tenant?.startsWith(tenants) && causes.has(JSON.stringify(one.evidence)))
    .map(({ action }) => action);
}
