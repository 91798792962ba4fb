import { describe, expect, it } from 'vitest';
import { TestEngine } from '../support/engine.ts';

const burst = (more = '', name = 'Burst') =>
  `- {alert: ${name}, type: event_count, group_by: [session], window: 10s, condition: {gte: 2}${more}}`;
const KEY = 'tenant=acme,session=s1';

describe('an alert', () => {
  it('fires once, and is resolved when its condition holds no more', () => {
    const run = new TestEngine(burst());
    expect(run.events(5, 0)).toEqual([`1 Burst firing ${KEY}: 2 by record 1`]);
    expect(run.advance(20_000)).toEqual([`10003 Burst condition ${KEY} by record 1`]);
    expect(run.events(2, 20_001)).toEqual([`20002 Burst firing ${KEY}: 2 by record 6`]);
  });

  it('is pending for `for`, and nobody hears of it when the condition breaks before', () => {
    const run = new TestEngine(burst(', for: 12s'));
    run.events(2, 0);
    expect(run.advance(20_000)).toEqual([]);
    run.events(2, 20_000);
    run.event(29_000);
    run.event(29_500);
    // Held since 20,001.
    expect(run.advance(33_000)).toEqual([`32001 Burst firing ${KEY}: 2 by timer 32001`]);
  });

  it('does not fire when the condition breaks at the very instant at which `for` is over', () => {
    const run = new TestEngine(burst(', for: 9999ms'));
    run.event(0);
    run.event(1);
    expect(run.advance(20_000)).toEqual([]);
  });

  it('keeps firing for `keep_firing_for`: a gap is one episode, and a window that is forgotten meanwhile too', () => {
    const run = new TestEngine(burst(', keep_firing_for: 30s'));
    run.events(2, 0);
    expect(run.advance(20_000)).toEqual([]);
    expect(run.engine.holding('Burst', KEY)).toBeNull();
    expect(run.events(2, 25_000)).toEqual([]);
    expect(run.engine.holding('Burst', KEY)?.evidence.value).toBe(2);
    expect(run.advance(100_000)).toEqual([`65000 Burst condition ${KEY} by record 1`]);
  });

  it('carries the deciding event, also where a timer opened the episode', () => {
    const run = new TestEngine(burst(', for: 1s'));
    run.event(0, { event_id: 'first' });
    run.event(500, { event_id: 'second', ts: 400 });
    const [alert] = run.engine.advance(run.engine.horizon + 1000);
    expect(alert).toMatchObject({
      cause: { kind: 'timer', due: run.engine.horizon },
      eventTs: run.engine.horizon - 1100,
      evidenceAppendedAt: run.engine.horizon - 1000,
      evidence: {
        threshold: 2,
        window_ms: 10_000,
        window_end: run.engine.horizon - 100,
        events: [{ offset: 0 }, { offset: 1, event_id: 'second' }],
      },
    });
  });

  it('takes its condition from the first override that matches its key', () => {
    const run = new TestEngine(burst(', overrides: [{match: {tenant: bolt}, condition: {gte: 3}}]'));
    expect(run.events(2, 0, { tenant_id: 'bolt' })).toEqual([]);
    expect(run.events(1, 2, { tenant_id: 'bolt' })).toEqual(['2 Burst firing tenant=bolt,session=s1: 3 by record 2']);
    expect(run.events(2, 3)).toHaveLength(1);
  });

  it('says its key in one text, ids percent-encoded', () => {
    const run = new TestEngine(
      '- {alert: B, type: event_count, group_by: [labels.team, tool, agent], window: 1s, condition: {gte: 1}}',
    );
    const alert = run.alerts(0, { tenant_id: 'a,b', agent_id: 'x=1', labels: { team: '50%' } })[0];
    expect(alert?.keyText).toBe('tenant=a%2Cb,agent=x%3D1,tool=mail.send,labels.team=50%25');
    expect(alert?.key).toEqual({ tenant: 'a,b', agent: 'x=1', tool: 'mail.send', labels: { team: '50%' } });
  });

  it('a key of all has no tenant', () => {
    const run = new TestEngine(
      '- {alert: G, type: event_count, group_by: [global_tool], window: 1s, condition: {gte: 2}, actions: [], severity: info}',
    );
    run.event(0);
    expect(run.event(1, { tenant_id: 'bolt' })).toEqual(['1 G firing tool=mail.send: 2 by record 1']);
  });
});

describe('holding', () => {
  it('tells an episode as it stands now, its newest record as cause', () => {
    const run = new TestEngine(burst());
    run.events(2, 0);
    run.event(9_000);
    expect(run.engine.holding('Burst', KEY)).toMatchObject({
      cause: { kind: 'record', offset: 2 },
      evidence: { value: 3 },
    });
    run.advance(10_000);
    expect(run.engine.holding('Burst', KEY)).toMatchObject({
      evidence: { value: 2, events: [{ offset: 1 }, { offset: 2 }] },
    });
    run.advance(10_001);
    expect(run.engine.holding('Burst', KEY)).toBeNull();
    expect(run.engine.holding('Other', KEY)).toBeNull();
  });
});

describe('a fence', () => {
  const session = { kind: 'session', tenant: 'acme', session: 's1' } as const;

  it('takes away what was appended at or before it, and resolves at once', () => {
    const run = new TestEngine(burst(', keep_firing_for: 1h'));
    run.events(3, 0);
    run.advance(100);
    expect(run.fence(session, 1)).toEqual([`1 Burst fence ${KEY} by record 1`]);
    expect(run.event(101)).toEqual([`101 Burst firing ${KEY}: 2 by record 3`]);
  });

  it('resolves at its own time, whenever it is learned; what has fired since, with its cause', () => {
    for (const learnedAt of [20, 5_000]) {
      const run = new TestEngine(burst());
      run.events(3, 0);
      run.advance(learnedAt);
      expect(run.fence(session, 10)).toEqual([`10 Burst fence ${KEY} by record 1`]);
    }
    const late = new TestEngine(burst());
    late.event(0);
    late.event(20);
    expect(late.fence(session, 10)).toEqual([`20 Burst fence ${KEY} by record 1`]);
  });

  it('holds back records that were appended before it and come after it was learned', () => {
    const run = new TestEngine(burst());
    run.event(0);
    run.fence(session, 50);
    expect(run.events(3, 48)).toEqual([]);
    expect(run.events(2, 51)).toEqual([`52 Burst firing ${KEY}: 2 by record 5`]);
  });

  it('is known before the session is, and again in its next life', () => {
    const run = new TestEngine(burst());
    run.fence(session, 50);
    expect(run.events(3, 0)).toEqual([]);
    run.event(10, { type: 'session_end' });
    expect(run.events(3, 20)).toEqual([]);
  });

  it('is that of exactly the key’s scope', () => {
    const rules = ['[tenant]', '[tool]', '[session]', '[session, tool]']
      .map((key, i) => burst('', `R${i}`).replace('[session]', key))
      .join('\n');
    const run = new TestEngine(rules);
    expect(run.events(2, 0)).toHaveLength(4);
    expect(run.fence({ kind: 'tenant', tenant: 'acme' }, 10)).toEqual(['10 R0 fence tenant=acme by record 1']);
    expect(run.fence({ kind: 'tool', tenant: null, pattern: 'mail.send' }, 10)).toEqual([]);
    expect(run.fence({ kind: 'tool', tenant: 'acme', pattern: 'mail.*' }, 10)).toEqual([]);
    expect(run.fence({ kind: 'tool', tenant: 'acme', pattern: 'mail.send' }, 10)).toHaveLength(1);
    expect(run.fence({ kind: 'global' }, 10)).toEqual([]);
    expect(run.fence(session, 10)).toEqual([`10 R2 fence ${KEY} by record 1`]);
  });

  it('restarts age, which is judged again with an event after it', () => {
    const run = new TestEngine('- {alert: Old, type: session_age, condition: {gte: 100s}, active_within: 1h}');
    run.event(0);
    expect(run.advance(100_000)).toHaveLength(1);
    expect(run.fence(session, 100_000)).toEqual([`100000 Old fence ${KEY} by timer 100000`]);
    expect(run.advance(300_000)).toEqual([]);
    expect(run.event(300_001)).toEqual([`300001 Old firing ${KEY}: 200001 by record 1`]);
  });

  it('drops what stands behind the exact entries of a total when that began before it', () => {
    const run = new TestEngine('- {alert: T, type: session_total, field: actions, condition: {gte: 40}}');
    run.events(39, 0);
    run.fence(session, 10);
    // The 7 oldest were one lump and began before the fence: of the 32 exact ones those from 11 stay.
    expect(run.events(11, 100)).toEqual([]);
    expect(run.events(1, 111)).toEqual([`111 T firing ${KEY}: 40 by record 50`]);
  });
});

describe('a reload', () => {
  it('keeps windows and alerts of what did not change, though names of labels do', () => {
    const run = new TestEngine(burst());
    run.events(2, 0);
    expect(run.reload(`${burst(', labels: {team: a}')}\n${burst('', 'Other')}`)).toEqual([]);
    expect(run.engine.holding('Burst', KEY)?.rule.labels).toEqual({ team: 'a' });
    expect(run.event(3)).toEqual([]);
    expect(run.event(4)).toEqual([`4 Other firing ${KEY}: 2 by record 3`]);
  });

  it('judges again what has another condition, on the windows that it had', () => {
    const run = new TestEngine(burst());
    run.events(3, 0);
    expect(run.reload(burst().replace('{gte: 2}', '{gte: 4}'))).toEqual([`2 Burst reload ${KEY} by record 1`]);
    expect(run.event(3)).toEqual([`3 Burst firing ${KEY}: 4 by record 3`]);
  });

  it('judges again when the next entry leaves, or at once for times', () => {
    const run = new TestEngine(`${burst().replace('{gte: 2}', '{gte: 9}')}
- {alert: Idle, type: session_idle, condition: {gte: 20m}}`);
    run.events(3, 0);
    run.advance(5000);
    run.reload(`${burst()}\n- {alert: Idle, type: session_idle, condition: {gte: 1s}}`);
    expect(run.advance(10_000)).toEqual([
      `5000 Idle firing ${KEY}: 4998 by timer 5000`,
      `10000 Burst firing ${KEY}: 2 by timer 10000`,
    ]);
  });

  it('resolves the alerts of a rule that is gone', () => {
    const run = new TestEngine(`${burst('', 'A')}\n${burst('', 'B')}`);
    run.events(2, 0);
    expect(run.reload(burst('', 'B'))).toEqual([`1 A reload ${KEY} by record 1`]);
    expect(run.advance(20_000)).toEqual([`10000 B condition ${KEY} by record 1`]);
  });

  it('reads labels and arguments from where they stand now', () => {
    const sum =
      '- {alert: Sum, type: value_sum, field: args.n, group_by: [labels.a], window: 10s, condition: {gte: 3}}';
    const more = sum.replace('Sum', 'First').replace('args.n', 'args.m').replace('labels.a', 'labels.b');
    const run = new TestEngine(sum);
    run.event(0, { args: { n: 1, m: 5 }, labels: { a: 'x', b: 'y' } });
    run.reload(`${more}\n${sum}`);
    expect(run.event(1, { args: { n: 2, m: 0 }, labels: { a: 'x', b: 'y' } })).toEqual([
      '1 Sum firing tenant=acme,labels.a=x: 3 by record 1',
    ]);
  });
});
