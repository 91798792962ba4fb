import { describe, expect, it } from 'vitest';
import { TestEngine } from '../support/engine.ts';

const age = (more = '') => `- {alert: Old, type: session_age, condition: {gt: 10m}${more}}`;
const idle = '- {alert: Idle, type: session_idle, condition: {gte: 10m}}';
const total = (field: string, condition: string) =>
  `- {alert: Total, type: session_total, field: ${field}, condition: ${condition}}`;
const MINUTE = 60_000;

describe('a session', () => {
  it('ends with session_end, which still counts itself, and ends its alerts', () => {
    const run = new TestEngine(total('cost_usd', '{gte: 2}'));
    run.event(0, { cost_usd: 1 });
    expect(run.event(1, { type: 'session_end', cost_usd: 1 })).toEqual([
      '1 Total firing tenant=acme,session=s1: 2 by record 1',
      '1 Total ended tenant=acme,session=s1 by record 1',
    ]);
    expect(run.event(2, { cost_usd: 1 })).toEqual([]);
    expect(run.engine.stats.activeSessions).toBe(1);
  });

  it('ends when the horizon is 30 minutes past its newest event, without another one', () => {
    const run = new TestEngine(total('actions', '{gte: 2}'));
    run.events(2, 0);
    run.event(20 * MINUTE, { type: 'llm_call' });
    expect(run.advance(60 * MINUTE)).toEqual([`${50 * MINUTE} Total ended tenant=acme,session=s1 by record 1`]);
    expect(run.engine.stats).toMatchObject({ activeSessions: 0, keys: 0, timers: 0 });
  });

  it('is not kept alive by an event that was delivered again', () => {
    const run = new TestEngine(total('actions', '{gte: 2}'));
    run.event(0, { event_id: 'x' });
    run.event(20 * MINUTE, { event_id: 'x' });
    run.advance(30 * MINUTE);
    expect(run.engine.stats.activeSessions).toBe(0);
  });

  it('is the pair of tenant and session, and is found by its id', () => {
    const run = new TestEngine(total('actions', '{gte: 2}'));
    run.event(0);
    expect(run.event(1, { tenant_id: 'bolt' })).toEqual([]);
    expect(run.engine.activeSessionsOf('s1')).toEqual(['acme', 'bolt']);
    run.event(2, { type: 'session_end' });
    expect(run.engine.activeSessionsOf('s1')).toEqual(['bolt']);
    run.event(5 * MINUTE + 1, { session_id: 's2' });
    expect([run.engine.activeSessions(5 * MINUTE), run.engine.activeSessions(6 * MINUTE)]).toEqual([1, 2]);
  });
});

describe('session_total', () => {
  it('adds everything from first to last, late events too, and exact sums', () => {
    const run = new TestEngine(total('cost_usd', '{gte: 0.3}'));
    run.event(0, { cost_usd: 0.1 });
    run.event(1, { cost_usd: 0.1, ts: -9_000_000 });
    expect(run.event(29 * MINUTE, { cost_usd: 0.1 })).toEqual([
      `${29 * MINUTE} Total firing tenant=acme,session=s1: 0.3 by record 2`,
    ]);
  });

  it('counts actions on their call, and everything far beyond what is kept one by one', () => {
    const run = new TestEngine(total('actions', '{gte: 500}'));
    for (let i = 0; i < 499; i++) {
      expect(run.event(i, { phase: 'call', call_id: `c${i}` })).toEqual([]);
      run.event(i, { phase: 'result', call_id: `c${i}` });
    }
    const [alert] = run.alerts(499, { phase: 'call', event_id: 'deciding' });
    expect(alert).toMatchObject({ evidence: { measure: 'session_total:actions', value: 500, window_ms: null } });
    const events = alert?.state === 'firing' ? alert.evidence.events : [];
    expect(events).toHaveLength(20);
    expect(events.at(-1)).toEqual({ topic: 'agent.tool-calls', partition: 0, offset: 998, event_id: 'deciding' });
  });
});

describe('session_age', () => {
  it('fires without an event when it passes the threshold, while the session is active', () => {
    const run = new TestEngine(age(', active_within: 5m'));
    run.event(0);
    run.event(8 * MINUTE);
    expect(run.advance(12 * MINUTE)).toEqual([
      `${10 * MINUTE + 1} Old firing tenant=acme,session=s1: 600001 by timer ${10 * MINUTE + 1}`,
    ]);
    expect(run.advance(20 * MINUTE)).toEqual([`${13 * MINUTE} Old condition tenant=acme,session=s1 by timer 600001`]);
    expect(run.event(20 * MINUTE)).toEqual([
      `${20 * MINUTE} Old firing tenant=acme,session=s1: ${20 * MINUTE} by record 2`,
    ]);
  });

  it('is not judged while the session is not active', () => {
    const run = new TestEngine(age());
    run.event(0);
    expect(run.advance(29 * MINUTE)).toEqual([]);
  });
});

describe('session_idle', () => {
  it('fires when nothing came for long enough, and an event resolves it', () => {
    const run = new TestEngine(idle);
    run.event(0);
    run.event(5 * MINUTE);
    expect(run.advance(14 * MINUTE)).toEqual([]);
    const fired = `${15 * MINUTE} Idle firing tenant=acme,session=s1: 600000 by timer ${15 * MINUTE}`;
    expect(run.event(16 * MINUTE)).toEqual([
      fired,
      `${16 * MINUTE} Idle condition tenant=acme,session=s1 by timer ${15 * MINUTE}`,
    ]);
  });

  it('does not take a blocked call for activity', () => {
    const run = new TestEngine(idle);
    run.event(0);
    run.event(5 * MINUTE, { status: 'blocked' });
    expect(run.advance(10 * MINUTE)).toHaveLength(1);
  });

  it('names the newest event as evidence and the horizon as the window’s end', () => {
    const run = new TestEngine(idle);
    run.event(0);
    run.event(1);
    const [alert] = run.engine.advance(run.engine.horizon + 10 * MINUTE);
    expect(alert).toMatchObject({
      eventTs: null,
      evidence: { events: [{ offset: 1 }], window_end: run.engine.horizon },
    });
  });
});
