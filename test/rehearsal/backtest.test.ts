import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { auditRecordSchema } from '../../src/audit/schema.ts';
import { ALL_TIME } from '../../src/rehearsal/backtest.ts';
import { backtest } from '../../src/rehearsal/index.ts';
import { loadRules } from '../../src/rules/load.ts';
import { event, ndjson, positioned, ruleSet, run, SETTINGS, START, told } from './sample.ts';

const TRACES = readFileSync(new URL('../domain/event/fixtures/traces.ndjson', import.meta.url));
const RULES = ruleSet({}, { type: 'session_idle', window: undefined, condition: { gt: '20s' }, severity: 'warning' });
const BURST = ndjson(event(0), event(10), event(20), event(40_000, { session_id: 's2' }));

describe('a backtest', () => {
  it('gives the records that would have been written, in order, each fit for the audit schema', async () => {
    const ran = run(RULES, BURST);
    expect(told(ran)).toEqual([
      '20 alert.firing Rule0 s1',
      '20 session.terminated Rule0 s1',
      '20021 alert.firing Rule1 s1',
    ]);
    for (const facts of ran.facts) {
      expect(auditRecordSchema.safeParse(facts).error).toBeUndefined();
      expect(facts).toMatchObject({ state: null });
      expect(facts).not.toHaveProperty('chain');
      if (facts.timing !== null) expect(facts.timing).toMatchObject({ decided_at: null, applied_at: null });
    }
  });

  it('gives the same bytes every time', async () => {
    const loaded = await loadRules([new URL('../../rules', import.meta.url).pathname]);
    if (loaded.status === 'invalid') throw new Error('the shipped rules are invalid');
    const bytes = () => JSON.stringify(run(loaded.set, TRACES, { from: 0, to: 2e12 }).facts);
    expect(bytes()).toBe(bytes());
    expect(bytes().length).toBeGreaterThan(1_000);
  });

  it('does not see where a file is cut into chunks', () => {
    const bytes = ndjson(event(0), '', positioned(0, 2, 10), 'no json', event(20, { tool: 'größe' }), event(30));
    const whole = run(RULES, bytes);
    expect(whole.facts.length).toBeGreaterThan(0);
    expect(whole.intake).toMatchObject({ taken: 4, invalid: 1 });
    for (let cut = 0; cut <= bytes.length; cut++) {
      const cuts = run(RULES, bytes, ALL_TIME, [cut, Math.min(cut + 1, bytes.length)]);
      expect(cuts.facts).toEqual(whole.facts);
      expect(cuts.intake.rejected).toEqual(whole.intake.rejected);
    }
  });

  it('takes a last line without a line feed, and lines that end as on Windows', () => {
    const text = BURST.toString();
    expect(run(RULES, Buffer.from(text.trimEnd())).facts).toEqual(run(RULES, BURST).facts);
    expect(run(RULES, Buffer.from(text.replaceAll('\n', '\r\n'))).facts).toEqual(run(RULES, BURST).facts);
  });

  it('ends at the last record: what would be due later does not fire', () => {
    expect(told(run(RULES, ndjson(event(0), event(19_999, { session_id: 's2' }))))).toEqual([]);
  });
});

describe('the position of an event', () => {
  it('is the place of its line where none is written, and its append time is its ts', () => {
    const [firing] = run(RULES, ndjson(event(5), '', event(6), event(7))).facts;
    expect(firing!.evidence!.events.map(({ offset }) => offset)).toEqual([0, 2, 3]);
    expect(firing!.timing!.appended_at).toBe(START + 7);
  });

  it('grows over several files', () => {
    const [firing] = run(RULES, Buffer.concat([ndjson(event(0), event(1)), ndjson(event(2))])).facts;
    expect(firing!.evidence!.events.map(({ offset }) => offset)).toEqual([0, 1, 2]);
  });

  it('makes partitions independent: each has its own horizon', () => {
    const lines = [
      positioned(7, 4, 0),
      positioned(3, 9, 60_000, { session_id: 's2' }),
      positioned(7, 5, 1),
      positioned(7, 8, 2),
    ];
    const [firing] = run(RULES, ndjson(...lines)).facts;
    expect(firing).toMatchObject({ type: 'alert.firing', time: '2026-01-01T00:00:00.002Z' });
    expect(firing!.evidence!.events.map(({ partition, offset }) => `${partition}/${offset}`)).toEqual([
      '7/4',
      '7/5',
      '7/8',
    ]);
  });

  it.each([
    ['as we write it', (line: string) => line],
    ['with spaces', (line: string) => line.replaceAll('":', '": ').replaceAll(',"', ', "')],
    [
      'in another order',
      (line: string) => JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(line)).reverse())),
    ],
    ['with more members', (line: string) => JSON.stringify({ topic: 't', ...JSON.parse(line), note: 'x' })],
    [
      'with a written time',
      (line: string) =>
        line.replace(/"appended_at":(\d+)/, (_, ms) => `"appended_at":"${new Date(Number(ms)).toISOString()}"`),
    ],
  ])('is read %s', (_, rewritten) => {
    const lines = [0, 1, 2].map((n) => JSON.stringify(positioned(1, n + 5, n)));
    expect(run(RULES, ndjson(...lines.map(rewritten))).facts).toEqual(run(RULES, ndjson(...lines)).facts);
    expect(run(RULES, ndjson(...lines)).facts).toHaveLength(2);
  });

  it('counts once: records below the next offset are left out, and counted', () => {
    const lines = [positioned(0, 0, 0), positioned(0, 1, 1), positioned(0, 0, 2), positioned(0, 1, 3)];
    const ran = run(RULES, ndjson(...lines));
    expect(ran.facts).toEqual([]);
    expect(ran.intake).toMatchObject({ taken: 2, known: 2 });
  });

  it('moves the horizon of its partition even where the event is none, as live', () => {
    const broken = { partition: 0, offset: 1, appended_at: START + 30_000, event: { tool: 'x' } };
    expect(told(run(RULES, ndjson(positioned(0, 0, 0), broken)))).toEqual(['20001 alert.firing Rule1 s1']);
  });
});

describe('--from and --to', () => {
  const lines = [0, 10, 20, 30, 40].map((at) => event(at));

  it('feed what was appended from one to the other, both included', () => {
    const ran = run(RULES, ndjson(...lines), { from: START + 10, to: START + 30 });
    expect(ran.intake).toMatchObject({ taken: 3, outside: 2 });
    expect(told(ran).slice(0, 1)).toEqual(['30 alert.firing Rule0 s1']);
  });

  it('let time go on to the end, in every partition', () => {
    const spread = ndjson(positioned(0, 0, 0), positioned(1, 0, 5, { session_id: 's2' }));
    const ran = run(RULES, spread, { from: 0, to: START + 20_006 });
    expect(told(ran)).toEqual(['20001 alert.firing Rule1 s1', '20006 alert.firing Rule1 s2']);
  });

  it('leave no trace of what they leave out', () => {
    const inside = ndjson(...lines.slice(2));
    const all = run(RULES, ndjson(...lines), { from: START + 20, to: START + 40 });
    expect(told(all)).toEqual(told(run(RULES, inside, { from: 0, to: START + 40 })));
    expect(all.backtest.sessions).toBe(1);
  });
});

describe('what is no event', () => {
  it('is counted by reason, with the first few places', () => {
    const broken = Array.from({ length: 7 }, () => '{"no":"event"}');
    const { intake } = run(RULES, ndjson(event(0), 'no json', ...broken, '[]'));
    expect(intake).toMatchObject({ taken: 1, invalid: 9 });
    const [first] = intake.rejected;
    expect(first).toMatchObject({ reason: 'missing_field', count: 7 });
    expect(first!.first.map(({ place }) => place)).toEqual([3, 4, 5, 6, 7].map((line) => `events.ndjson:${line}`));
    expect(intake.rejected.map(({ reason }) => reason).sort()).toEqual(['missing_field', 'not_json', 'not_object']);
  });

  it('is a line that never ends: it is passed over in bounded memory', () => {
    const endless = Buffer.alloc(3 << 20, 'x');
    const bytes = Buffer.concat([ndjson(event(0)), endless, Buffer.from('\n'), ndjson(event(1), event(2))]);
    const ran = run(RULES, bytes, ALL_TIME, [100_000, 900_000, 2_000_000]);
    expect(ran.intake.rejected).toMatchObject([{ reason: 'too_large', count: 1 }]);
    expect(told(ran)[0]).toBe('2 alert.firing Rule0 s1');
  });

  it('is a ts that no log could have appended at: it would stop all clocks', () => {
    const ran = run(RULES, ndjson(event(0), event(0, { ts: START * 1_000 }), event(1), event(2)));
    expect(ran.intake).toMatchObject({ taken: 3, invalid: 1 });
    expect(told(ran)).toEqual(['2 alert.firing Rule0 s1', '2 session.terminated Rule0 s1']);
  });
});

describe('every decision is taken as applied', () => {
  const flip = { group_by: ['tenant'], window: '10s', actions: [{ flip_tenant: { ttl: '1m' } }] };

  it('so that a cooldown holds the next one back, until it ends with the alert still firing', () => {
    const rules = ruleSet({ ...flip, cooldown: '30s' });
    const burst = [0, 1, 2, 12_000, 12_001, 12_002].map((at) => event(at));
    const busy = Array.from({ length: 10 }, (_, n) => event(14_000 + n * 2_000));
    expect(told(run(rules, ndjson(...burst, ...busy)))).toEqual([
      '2 alert.firing Rule0 ',
      '2 switch.tripped Rule0 ',
      '10000 alert.resolved Rule0 ',
      '12002 alert.firing Rule0 ',
      '12002 decision.suppressed Rule0 ',
      '30002 switch.tripped Rule0 ',
    ]);
  });

  it('and when its switch has expired, newer evidence of the same episode makes one more', () => {
    const rules = ruleSet({ ...flip, group_by: ['agent'], cooldown: '0s' });
    const steady = Array.from({ length: 70 }, (_, n) => event(n * 1_000, { agent_id: 'bot' }));
    const decided = run(rules, ndjson(...steady)).facts.filter(({ type }) => type === 'switch.tripped');
    expect(decided.map(({ time }) => Date.parse(time) - START)).toEqual([2_000, 63_000]);
    expect(new Set(decided.map(({ decision_id }) => decision_id)).size).toBe(2);
  });

  it('but what only simulates is recorded as simulated', () => {
    expect(told(run(ruleSet({ simulate: true }), BURST))).toEqual([
      '20 alert.firing Rule0 s1',
      '20 decision.simulated Rule0 s1',
    ]);
  });
});

describe('backtest() for programs', () => {
  it('takes events as values, yields the records and returns the counts', async () => {
    const records = [0, 1, 2].map((n) => ({ partition: 0, offset: n, appendedAt: START + n, event: event(n) }));
    const ran = backtest({ rules: RULES, settings: SETTINGS, records });
    const types: string[] = [];
    let next = await ran.next();
    for (; !next.done; next = await ran.next()) types.push(next.value.type);
    expect(types).toEqual(['alert.firing', 'session.terminated']);
    expect(next.value.intake.taken).toBe(3);
    expect(next.value.summary.rules[0]).toMatchObject({
      rule: 'Rule0',
      alerts: 1,
      keys: 1,
      actions: 1,
      firstAt: START + 2,
    });
  });
});
