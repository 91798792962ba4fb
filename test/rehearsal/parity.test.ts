import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rehearsalSettings } from '../../src/daemon/parts.ts';
import type { AuditFacts } from '../../src/domain/audit-record.ts';
import type { OutMessage } from '../../src/ports/event-log.ts';
import { Backtest } from '../../src/rehearsal/backtest.ts';
import { Feed } from '../../src/rehearsal/feed.ts';
import { Intake } from '../../src/rehearsal/intake.ts';
import { parseRules } from '../../src/rules/parse.ts';
import type { Happening, PlainRule } from '../oracle/plain.ts';
import { BASE } from '../oracle/telling.ts';
import { unfencedScenario } from '../properties/arbitrary-streams.ts';
import { rulesFile } from '../properties/rule-text.ts';
import { type Live, startLive } from './live.ts';
import { alertsOf, decisionsOf } from './parity.ts';

const RUNS = Number(process.env.FC_RUNS ?? 0) || 12;

/** Every rule acts, in the way that its key allows. */
function actingRules(rules: readonly PlainRule[], cooldown: string): string {
  const file = JSON.parse(rulesFile(rules)) as { groups: { rules: Record<string, unknown>[] }[] };
  for (const rule of file.groups[0]!.rules) {
    const keys = rule.group_by as string[];
    const actions = keys.includes('session')
      ? ['terminate_session']
      : [{ flip_tenant: { mode: 'disable_writes', ttl: '30m' } }];
    Object.assign(
      rule,
      keys.includes('global_tool') ? { severity: 'warning' } : { severity: 'critical', actions, cooldown },
    );
  }
  return JSON.stringify(file);
}

/** With several partitions nobody sees all of a global tool. */
const isLocal = ({ groupBy }: PlainRule) => !groupBy.includes('global_tool');

const noise: fc.Arbitrary<string | null> = fc.constantFrom(null, '{"no":"event"}', 'no json', '{');

function messageOf(happening: Happening): OutMessage | null {
  if (!('record' in happening)) return null;
  return { key: happening.record.tenant_id, value: JSON.stringify(happening.record) };
}

async function produce(
  live: Live,
  happenings: readonly Happening[],
  breaks: readonly number[],
  junk: readonly (string | null)[],
) {
  for (const [index, happening] of happenings.entries()) {
    if ('appendedAt' in happening) live.clock.time = Math.max(live.clock.time, happening.appendedAt);
    if ('advance' in happening) live.clock.time = Math.max(live.clock.time, happening.advance);
    const message = messageOf(happening);
    if (message !== null) await live.append([message]);
    if (index % 7 === 3) await live.append([{ key: 'acme', value: junk[index % junk.length] ?? null }]);
    if (breaks.includes(index)) await live.restart();
    else if (breaks.includes(index + 1)) await live.read();
  }
}

async function rehearsed(live: Live, rulesText: string, to: number): Promise<AuditFacts[]> {
  const { config, log } = live;
  const parsed = parseRules([{ name: 'all.yaml', content: rulesText }]);
  if (parsed.status === 'invalid') throw new Error(parsed.problems.map(({ message }) => message).join('\n'));
  const settings = rehearsalSettings(config, await log.identity());
  const facts: AuditFacts[] = [];
  const backtest = new Backtest(parsed.set, settings, { from: 0, to }, (_, record) => {
    const left = record();
    if (left !== null) facts.push(left);
  });
  const feed = new Feed([backtest], new Intake());
  for (const record of await live.records()) feed.record(record);
  feed.end();
  return facts;
}

describe('invariant 21', () => {
  it('a backtest of a log has the alerts and decisions that the daemon had on it, whatever batches, pauses and restarts it had', async () => {
    const scenario = fc.record({
      scenario: unfencedScenario,
      partitions: fc.constantFrom(1, 3),
      cooldown: fc.constantFrom('0s', '40ms', '300ms', '5m'),
      breaks: fc.uniqueArray(fc.nat({ max: 60 }), { maxLength: 2 }),
      junk: fc.array(noise, { minLength: 1, maxLength: 3 }),
    });
    let compared = 0;
    const property = fc.asyncProperty(
      scenario,
      async ({ scenario: { setup, happenings }, partitions, cooldown, breaks, junk }) => {
        const rules = partitions === 1 ? setup.rules : setup.rules.filter(isLocal);
        const text = actingRules(rules, cooldown);
        const { tools, sessionEndsAfterMs } = setup;
        const live = await startLive(text, { tools, sessionEndsAfterMs }, partitions, BASE);
        try {
          await produce(live, happenings, breaks, junk);
          const horizon = await live.settle();
          const audit = await live.audit();
          const past = await rehearsed(live, text, horizon);
          expect(alertsOf(past)).toEqual(alertsOf(audit));
          expect(decisionsOf(past)).toEqual(decisionsOf(audit));
          compared += decisionsOf(past).length;
        } finally {
          await live.close();
        }
      },
    );
    await fc.assert(property, { numRuns: RUNS, endOnFailure: true });
    expect(compared).toBeGreaterThan(0);
  }, 120_000);
});
