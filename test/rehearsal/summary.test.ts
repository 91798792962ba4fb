import { describe, expect, it } from 'vitest';
import { Backtest } from '../../src/rehearsal/backtest.ts';
import { Difference } from '../../src/rehearsal/difference.ts';
import { Feed } from '../../src/rehearsal/feed.ts';
import { Intake } from '../../src/rehearsal/intake.ts';
import { Summary } from '../../src/rehearsal/summary.ts';
import { event, ndjson, ruleSet, SETTINGS } from './sample.ts';

const ALL = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };

function summaryOf(rules: ReturnType<typeof ruleSet>, bytes: Uint8Array): Summary {
  const summary = new Summary(rules, SETTINGS.responder);
  feed([new Backtest(rules, SETTINGS, ALL, (step) => summary.add(step))], bytes);
  return summary;
}

function feed(backtests: readonly Backtest[], bytes: Uint8Array): void {
  new Feed(backtests, new Intake()).source('events').push(bytes);
}

/** Three calls of each session, one session a second. */
const runaways = (count: number, tenant: string, from = 0) =>
  Array.from({ length: count }, (_, n) =>
    [0, 1, 2].map((k) => event(from + n * 1_000 + k, { tenant_id: tenant, session_id: `s${n}` })),
  ).flat();

describe('the summary', () => {
  it('counts alerts, keys and actions of every rule, those too that never fired', () => {
    const rules = ruleSet({}, { condition: { gte: 1_000 } }, { exceptions: [{ tenant: 'ac*', comment: 'load test' }] });
    const { rules: counted } = summaryOf(rules, ndjson(...runaways(2, 'acme')));
    expect(counted).toMatchObject([
      { rule: 'Rule0', alerts: 2, keys: 2, actions: 2, suppressed: 0 },
      { rule: 'Rule1', alerts: 0, keys: 0, actions: 0, firstAt: null },
      { rule: 'Rule2', alerts: 2, keys: 2, actions: 0, suppressed: 2 },
    ]);
  });

  it('shows whether a limit would have held: the most actions of one tenant in its period', () => {
    const summary = summaryOf(ruleSet({}), ndjson(...runaways(25, 'acme'), ...runaways(3, 'bolt', 30_000)));
    const kills = summary.peaks.find(({ limit }) => limit === 'session_kills');
    expect(kills).toMatchObject({ tenant: 'acme', actions: 25, max: 20, perMs: 60_000 });
    expect(summary.peaks.find(({ limit }) => limit === 'share')).toMatchObject({ tenant: null, actions: 28 });
  });

  it('spends nothing for what is stopped already, as live', () => {
    const summary = summaryOf(ruleSet({}, { condition: { gte: 2 } }), ndjson(...runaways(4, 'acme')));
    expect(summary.rules.map(({ actions }) => actions)).toEqual([4, 4]);
    expect(summary.peaks.find(({ limit }) => limit === 'session_kills')).toMatchObject({ actions: 4 });
  });
});

describe('the difference of two rule sets', () => {
  it('is what only one of them decided, by rule, key and action, in one pass', () => {
    const difference = new Difference();
    const stricter = ruleSet({ condition: { gte: 2 } }, { alert: 'New', condition: { gte: 3 } });
    const before = ruleSet({ condition: { gte: 3 } }, { alert: 'Old', condition: { gte: 1 } });
    const sides = [
      new Backtest(stricter, SETTINGS, ALL, (step) => difference.add('rules', step)),
      new Backtest(before, SETTINGS, ALL, (step) => difference.add('against', step)),
    ];
    feed(
      sides,
      ndjson(...runaways(1, 'acme'), event(5_000, { session_id: 'two' }), event(5_001, { session_id: 'two' })),
    );
    const names = (some: Difference['all']) => some.map(({ rule, scope }) => `${rule} ${scope}`).sort();
    expect(names(difference.onlyRules)).toEqual(['New session:acme:s0', 'Rule0 session:acme:two']);
    expect(names(difference.onlyAgainst)).toEqual(['Old session:acme:s0', 'Old session:acme:two']);
    expect(names(difference.both)).toEqual(['Rule0 session:acme:s0']);
  });
});
