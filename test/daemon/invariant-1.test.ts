import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AuditRecord } from '../../src/domain/audit-record.ts';
import { CHECKPOINT_EVERY_MS, event, Life, rulesOf, TOPICS, World } from './rig.ts';

const RULES = rulesOf(`
groups:
  - name: all
    rules:
      - {alert: Burst, type: event_count, match: {kind: write}, window: 1m, condition: {gt: 3}, severity: critical}
      - {alert: Cost, type: value_sum, field: cost_usd, group_by: [tenant], window: 5m, condition: {gt: 20}, severity: critical, actions: [{flip_tenant: {ttl: 10m}}]}
      - {alert: Twice, type: duplicate_count, window: 2m, condition: {gte: 2}, severity: critical}
      - {alert: Total, type: session_total, field: actions, condition: {gt: 12}, severity: critical}
      - {alert: Many, type: event_count, group_by: [tenant], window: 1m, for: 5s, condition: {gt: 8}, severity: warning}
`);

const anyEvent = fc.record({
  gap: fc.integer({ min: 0, max: 20_000 }),
  session: fc.constantFrom('s1', 's2', 's3'),
  tenant: fc.constantFrom('acme', 'bolt'),
  kind: fc.constantFrom('read', 'write'),
  row: fc.integer({ min: 0, max: 3 }),
  cost: fc.integer({ min: 0, max: 3 }),
  isEvent: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
});

const anyCut = fc.record({ at: fc.nat({ max: 60 }), how: fc.constantFrom('crash', 'checkpoint and crash', 'stop') });

type Event = typeof anyEvent extends fc.Arbitrary<infer T> ? T : never;
type Cut = typeof anyCut extends fc.Arbitrary<infer T> ? T : never;

async function fill(world: World, events: readonly Event[]): Promise<void> {
  for (const { gap, session, tenant, kind, row, cost, isEvent } of events) {
    world.now += gap;
    const said = { session_id: session, tenant_id: tenant, kind, args: { row }, cost_usd: cost };
    await world.produce(
      isEvent ? event(world.now, { ...said, event_id: `e${world.now}-${row}-${session}` }) : 'no event',
    );
  }
}

/** What a record says, without what differs from log to log and from life to life. */
function said({ type, rule, tenant_id, session_id, time, evidence, decision_id }: AuditRecord): string {
  const happened = type.startsWith('alert.') || type.startsWith('decision.') ? time : null;
  const offsets = evidence?.events.map(({ offset }) => offset) ?? [];
  expect(decision_id).not.toBeNull();
  return JSON.stringify([type, rule?.name, tenant_id, session_id, happened, evidence?.value, offsets]);
}

/** Reads to the end in as many lives as there are cuts, and one more. @returns what can be told apart afterwards */
async function outcome(world: World, cuts: readonly Cut[]): Promise<object> {
  const askedAt = world.now;
  for (const { at, how } of [...cuts].sort((a, b) => a.at - b.at)) {
    const life = await Life.begin(world, RULES);
    await life.read(at, { askedAt });
    if (how === 'checkpoint and crash') {
      world.now += CHECKPOINT_EVERY_MS;
      await life.tick();
    }
    if (how === 'stop') await life.pipeline.stop();
  }
  const last = await Life.begin(world, RULES);
  await last.read(undefined, { askedAt });
  await last.tick();
  await last.settle();
  const { keys, firingAlerts, activeSessions, late, repeated } = last.pipeline.partitions[0]!.engine.stats;
  const records = await world.audit();
  const byId = new Map(records.map((record) => [record.id, record]));
  const letters = await world.records(TOPICS.dead_letter);
  return {
    state: { keys, firingAlerts, activeSessions, late, repeated },
    stopped: await world.stopped(),
    told: [...byId.values()].map(said).sort(),
    letters: new Set(letters.map(({ headers }) => String(headers['sentinel-offset']))),
  };
}

test('invariant 1: after any crashes and replays, state and everything told are as without them', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyEvent, { minLength: 5, maxLength: 60 }),
      fc.array(anyCut, { maxLength: 3 }),
      async (events, cuts) => {
        const whole = new World();
        const cut = new World();
        try {
          await fill(whole, events);
          await fill(cut, events);
          // Whoever stops at no record has a checkpoint: without one totals are lost by design.
          const first: Cut = { at: 0, how: 'stop' };
          expect(await outcome(cut, [first, ...cuts])).toEqual(await outcome(whole, [first]));
        } finally {
          await whole.dispose();
          await cut.dispose();
        }
      },
    ),
    { numRuns: 25 },
  );
}, 60_000);
