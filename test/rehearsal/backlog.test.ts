import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_CONFIG } from '../../src/daemon/config/config.ts';
import type { AuditFacts } from '../../src/index.ts';
import { BASE } from '../oracle/telling.ts';
import { anyBacklog, type Backlog } from './arbitrary-lives.ts';
import { Live } from './live.ts';
import { alertsOf, decisionsOf } from './parity.ts';
import { rehearsed } from './rehearsed.ts';

const RUNS = Math.ceil((Number(process.env.FC_RUNS ?? 0) || 200) / 5);
const STALE_AFTER_MS = 300_000;
/** More than a decision waits before it is tried again, ms. */
const RETRIED_MS = 11_000;
/** More than a drained partition waits until it says so again, although the broker's clock may have gone back a little, ms. */
const SETTLED_MS = 1_100;
/** Of the test's clock: far less than makes a decision old, far more than a daemon needs for one. */
const LEAP_MS = 60_000;
/** How far behind the clock a drained partition's horizon stays, ms. */
const DRAIN_MS = 2_000;

const MINUTE_MS = 60_000;

/** One of each kind, so that every run has them: what is over by the time it is read, what holds still, and what is fresh. */
const EVERY_AGE: Backlog = {
  rules: JSON.stringify({ groups: [{ name: 'g', rules: [burst('Short', '1m'), burst('Long', '2h')] }] }),
  said: { tools: DEFAULT_CONFIG.tools, sessionEndsAfterMs: 24 * 60 * MINUTE_MS },
  partitions: 1,
  before: writes('before', 0, 1),
  meanwhile: [...writes('old', 5, 4), ...writes('fresh', 60, 4)],
  silence: 1_000,
};

function burst(alert: string, window: string): object {
  return {
    alert,
    type: 'event_count',
    group_by: ['session'],
    window,
    condition: { gt: 3 },
    severity: 'critical',
    cooldown: '0s',
  };
}

function writes(session: string, minute: number, count: number): Backlog['before'] {
  return Array.from({ length: count }, (_, n) => {
    const at = BASE + minute * MINUTE_MS + n;
    const event = { event_id: `${session}-${n}`, tenant_id: 'acme', session_id: session, ts: at, tool: 'db.write' };
    return { at, message: { key: 'acme', value: JSON.stringify(event) } };
  });
}

interface Ran {
  readonly past: readonly AuditFacts[];
  readonly audit: readonly AuditFacts[];
  /** Ids of decisions that reached the kill store. */
  readonly acted: ReadonlySet<string>;
  /** Before the daemon stopped. */
  readonly actedBefore: ReadonlySet<string>;
  /** What the clock showed while the backlog was read. */
  readonly wall: number;
  readonly partitions: readonly Missed[];
}

/** What one partition has that was appended while the daemon was down. */
interface Missed {
  /** The horizon when the daemon stopped. */
  readonly before: number;
  /** And after each record since. */
  readonly after: readonly number[];
}

async function run({ rules, said, partitions, before, meanwhile, silence }: Backlog): Promise<Ran> {
  const live = new Live({ rules, said, partitions, time: BASE, staleAfterMs: STALE_AFTER_MS, nothingStands: true });
  try {
    await live.start();
    for (const { at, message } of before) {
      // A clock that leaps while a decision is made would make it old.
      if (at - live.clock.time > LEAP_MS) await live.settle(SETTLED_MS);
      live.clock.time = at;
      if (message !== null) await live.append([message]);
      await live.read();
    }
    const stopped = { horizon: await live.settle(SETTLED_MS), ends: await endsOf(live, partitions) };
    await live.stop();
    const actedBefore = new Set(live.trips.map(({ decisionId }) => decisionId));
    for (const { at, message } of meanwhile) {
      live.clock.time = at;
      if (message !== null) await live.append([message]);
    }
    const wall = live.clock.time + silence;
    live.clock.time = wall;
    await live.start();
    await live.settle(0);
    const to = await live.settle(RETRIED_MS);
    const audit = await live.audit();
    const past = await rehearsed(live, rules, { to });
    const acted = new Set(live.trips.map(({ decisionId }) => decisionId));
    return { past, audit, acted, actedBefore, wall, partitions: await missedBy(live, stopped) };
  } finally {
    await live.close();
  }
}

async function endsOf({ log, config }: Live, partitions: number): Promise<number[]> {
  return Promise.all(Array.from({ length: partitions }, (_, n) => log.endOffset(config.topics.events, n)));
}

async function missedBy(live: Live, { horizon, ends }: { horizon: number; ends: number[] }): Promise<Missed[]> {
  const found = ends.map(() => ({ before: horizon, after: [] as number[] }));
  for (const { partition, offset, appendedAt } of await live.records()) {
    const one = found[partition]!;
    if (offset < ends[partition]!) one.before = Math.max(one.before, appendedAt);
    else one.after.push(Math.max(appendedAt, one.after.at(-1) ?? one.before));
  }
  return found;
}

type Named = Pick<AuditFacts, 'rule' | 'evidence'>;
const nameOf = ({ rule, evidence }: Named) => JSON.stringify([rule?.name, evidence]);

/** When an alert that time alone fired came up: at the next record. null: not in the backlog, or when that was read. */
function cameUpAt({ before, after }: Missed, at: number): number | null {
  return at <= before ? null : (after.find((horizon) => horizon >= at) ?? null);
}

/** Ids of the backtest's decisions, by whether they were too old when they came up; the old ones with the end of their alert. */
function byAge({ past, wall, partitions }: Ran) {
  const fresh = new Set<string>();
  const stale = new Map<string, number>();
  const firing = new Map(past.filter(({ type }) => type === 'alert.firing').map((alert) => [nameOf(alert), alert]));
  const ends = new Map(past.filter(({ type }) => type === 'alert.resolved').map((one) => [one.decision_id, one]));
  for (const { id } of decisionsOf(past)) {
    const record = past.find(({ type, decision_id }) => !type.startsWith('alert.') && decision_id === id)!;
    const alert = firing.get(nameOf(record))!;
    const horizon = cameUpAt(partitions[alert.evidence!.events[0]!.partition]!, Date.parse(alert.time));
    if (horizon === null || wall - horizon <= STALE_AFTER_MS) fresh.add(id!);
    else stale.set(id!, Date.parse(ends.get(alert.decision_id)?.time ?? '9999-01-01'));
  }
  return { fresh, stale };
}

describe('a backlog after an hour of downtime', () => {
  it(
    'has the alerts and decisions of a backtest; what is fresh acts, what is old is told and acts only where it still holds',
    async () => {
      const compared = { fresh: 0, old: 0, oldAndOver: 0, oldAndHolding: 0 };
      const property = fc.asyncProperty(anyBacklog, async (backlog) => {
        const ran = await run(backlog);
        const { past, audit, acted, actedBefore, wall } = ran;
        // To the letter: times, evidence, reasons.
        expect(alertsOf(audit)).toEqual(alertsOf(past));
        const { fresh, stale } = byAge(ran);
        // Nothing else is decided than in the backtest, under its ids. What was not old when it came up went to the kill store at once.
        for (const id of acted) expect(fresh.has(id) || stale.has(id)).toBe(true);
        for (const id of fresh) expect(acted).toContain(id);
        // What was old is said to be, and nothing else; but a timer that fired since the last checkpoint, with no record after
        // it, fires again, and then its decision is old although it was carried out in its time.
        const told = audit.filter(({ reason }) => reason.startsWith('Suppressed (stale): '));
        const news = told.filter(({ decision_id }) => !actedBefore.has(decision_id!));
        expect(news.map(({ decision_id }) => decision_id).sort()).toEqual([...stale.keys()].sort());
        // When the backlog is read, it acts under the same id where its alert goes on; where that is over, there is only its end.
        const ended = new Set(
          audit.flatMap(({ reason, decision_id }) =>
            reason.startsWith('Suppressed (stale) until') ? [decision_id] : [],
          ),
        );
        for (const [id, end] of stale) {
          const isOver = end <= wall - DRAIN_MS;
          if (isOver) expect([acted.has(id), ended.has(id)]).toEqual([false, true]);
          // In the seconds between, either may be.
          else if (end > wall + RETRIED_MS) expect([acted.has(id), ended.has(id)]).toEqual([true, false]);
          if (isOver) compared.oldAndOver++;
          else compared.oldAndHolding++;
        }
        compared.fresh += fresh.size;
        compared.old += stale.size;
      });
      await fc.assert(property, { numRuns: RUNS, endOnFailure: true, examples: [[EVERY_AGE]] });
      for (const [what, count] of Object.entries(compared)) expect(count, what).toBeGreaterThan(0);
    },
    Math.max(120_000, RUNS * 1_000),
  );
});
