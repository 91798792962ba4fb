import { describe, expect, it } from 'vitest';
import { TestEngine } from '../support/engine.ts';

const COUNT_BY_SESSION = '- {alert: Calls, type: event_count, group_by: [session], window: 1m, condition: {gt: 1}}';
const COUNT_BY_TENANT = '- {alert: Calls, type: event_count, group_by: [tenant], window: 1m, condition: {gt: 2}}';
const COUNT_BY_AGENT = '- {alert: Calls, type: event_count, group_by: [agent], window: 1m, condition: {gt: 1}}';
const of = (session: string, tenant = 'acme') => ({ session_id: session, tenant_id: tenant });

describe('what finds no place is counted, is not measured, and evicts nobody', () => {
  it('a session beyond its tenant’s share, while the other tenant goes on', () => {
    const run = new TestEngine(COUNT_BY_SESSION, { limits: { sessionsPerTenant: 2 } });
    const flood = ['s1', 's2', 's3', 's3', 's3'].flatMap((session, i) => run.event(i, of(session)));
    expect(flood).toEqual([]);
    expect(run.engine.stats).toMatchObject({ overflow: 3, activeSessions: 2 });
    expect(run.event(5, of('s1'))).toEqual(['5 Calls firing tenant=acme,session=s1: 2 by record 5']);
    expect([...run.event(6, of('s1', 'bolt')), ...run.event(7, of('s1', 'bolt'))]).toEqual([
      '7 Calls firing tenant=bolt,session=s1: 2 by record 7',
    ]);
  });

  it('but its events still feed keys without a session', () => {
    const run = new TestEngine(COUNT_BY_TENANT, { limits: { sessionsPerTenant: 1 } });
    expect(['s1', 's2', 's3'].flatMap((session, i) => run.event(i, of(session)))).toEqual([
      '2 Calls firing tenant=acme: 3 by record 2',
    ]);
  });

  it('and there is place again once a session has ended', () => {
    const run = new TestEngine(COUNT_BY_SESSION, { limits: { sessionsPerTenant: 1 } });
    run.event(0, of('s1'));
    run.event(1, of('s2'));
    run.event(2, { ...of('s1'), type: 'session_end' });
    expect([...run.event(3, of('s2')), ...run.event(4, of('s2'))]).toEqual([
      '4 Calls firing tenant=acme,session=s2: 2 by record 4',
    ]);
    expect(run.engine.stats.overflow).toBe(1);
  });

  it('a tenant beyond the bound is not seen at all', () => {
    const run = new TestEngine(COUNT_BY_TENANT, { limits: { tenants: 1 } });
    const told = [0, 1, 2, 3].flatMap((at) => [
      ...run.event(at * 2, of('s1')),
      ...run.event(at * 2 + 1, of('s1', 'bolt')),
    ]);
    expect(told).toEqual(['4 Calls firing tenant=acme: 3 by record 4']);
    expect(run.engine.stats).toMatchObject({ overflow: 4, activeSessions: 1 });
  });

  it('keys per rule and tenant, until one is forgotten', () => {
    const run = new TestEngine(COUNT_BY_AGENT, { limits: { keysPerTenant: 1 } });
    run.event(0, { agent_id: 'a' });
    expect(run.events(2, 1, { agent_id: 'b' })).toEqual([]);
    expect(run.events(2, 3, { agent_id: 'b', tenant_id: 'bolt' })).toHaveLength(1);
    expect(run.events(2, 60_000, { agent_id: 'b' })).toEqual(['60001 Calls firing tenant=acme,agent=b: 2 by record 6']);
    expect(run.engine.stats.overflow).toBe(2);
  });

  it('keys of sessions count too, but for those whose windows are empty', () => {
    const run = new TestEngine(COUNT_BY_SESSION, { limits: { keysPerTenant: 1 } });
    run.event(0, of('s1'));
    expect(run.events(2, 1, of('s2'))).toEqual([]);
    expect(run.events(2, 60_000, of('s2'))).toEqual(['60001 Calls firing tenant=acme,session=s2: 2 by record 4']);
  });

  it('operations: the one called longest ago goes, an empty one first', () => {
    const rule = '- {alert: Twice, type: duplicate_count, group_by: [session], window: 1m, condition: {gte: 1}}';
    const run = new TestEngine(rule, { limits: { operationsPerKey: 2 } });
    const call = (at: number, to: string) => run.event(at, { args: { to } });
    expect([call(0, 'a'), call(1, 'b'), call(2, 'c')].flat()).toEqual([]);
    expect(call(3, 'a')).toEqual([]);
    expect(run.engine.stats.overflow).toBe(2);
    expect(call(4, 'c')).toEqual(['4 Twice firing tenant=acme,session=s1: 1 by record 4']);
    const later = new TestEngine(rule, { limits: { operationsPerKey: 2 } });
    for (const [at, to] of [
      [0, 'a'],
      [30_000, 'b'],
      [60_000, 'c'],
    ] as const)
      later.event(at, { args: { to } });
    expect(later.engine.stats.overflow).toBe(0);
    expect(later.event(60_001, { args: { to: 'b' } })).toHaveLength(1);
  });

  it('fingerprints of a loop: the one called longest ago goes', () => {
    const rule = '- {alert: Loop, type: loop, group_by: [session], condition: {gte: 2}}';
    const run = new TestEngine(rule, { limits: { fingerprintsPerKey: 2 } });
    const call = (at: number, to: string) => run.event(at, { tool: 'mail.get', args: { to } });
    expect(['a', 'b', 'c', 'a'].flatMap((to, at) => call(at, to))).toEqual([]);
    expect(call(4, 'c')).toHaveLength(1);
  });

  it('names that found no place among the symbols make no key', () => {
    const run = new TestEngine(COUNT_BY_AGENT, { caps: { agents: { total: 1, perTenant: 1 } } });
    run.event(0, { agent_id: 'a' });
    expect(run.events(3, 1, { agent_id: 'b' })).toEqual([]);
    expect(run.event(5, { agent_id: 'a' })).toHaveLength(1);
    expect(run.symbols.overflowed).toBe(3);
  });
});

describe('ids of sessions', () => {
  it('are given back when a session ends, and when an event was in vain', () => {
    const run = new TestEngine(COUNT_BY_SESSION, { sessionEndsAfterMs: 1000 });
    for (let i = 0; i < 50; i++) run.event(i * 2000, of(`s${i}`));
    expect(run.symbols.sessions.size).toBe(1);
    expect(run.symbols.sessions.bound).toBeLessThan(6);
    run.event(100_000, { ...of('last'), type: 'session_end' });
    expect(run.symbols.sessions.size).toBe(0);
  });

  it('stay as long as a wider key names the session', () => {
    const rule = '- {alert: Twice, type: duplicate_count, group_by: [tenant], window: 1m, condition: {gte: 1}}';
    const firing = new TestEngine(rule);
    firing.event(0, of('s1'));
    firing.event(1, { ...of('s1'), type: 'session_end' });
    const told = firing.alerts(2, of('s2'))[0]!;
    expect(told.state === 'firing' && told.subjects.sessions.map(({ session }) => session)).toEqual(['s1', 's2']);
    firing.event(3, { ...of('s2'), type: 'session_end' });
    expect(firing.symbols.sessions.size).toBe(2);
    firing.advance(60_002);
    expect(firing.symbols.sessions.size).toBe(0);
  });
});

describe('event ids', () => {
  it.each([3, 40, 1024])('an open session remembers its newest %i', (eventIdsPerSession) => {
    const run = new TestEngine(COUNT_BY_SESSION, { limits: { eventIdsPerSession } });
    const total = eventIdsPerSession * 2 + 1;
    for (let i = 0; i < total; i++) run.event(i, { event_id: `id${i}` });
    const repeatedAfter = (id: number) => {
      const before = run.engine.stats.repeated;
      run.event(total, { event_id: `id${id}` });
      return run.engine.stats.repeated > before;
    };
    for (let id = total - eventIdsPerSession; id < total; id++) expect(repeatedAfter(id)).toBe(true);
    expect(repeatedAfter(total - eventIdsPerSession - 1)).toBe(false);
    expect(repeatedAfter(total - eventIdsPerSession)).toBe(false);
  });

  it('count once per phase, and again in a new session', () => {
    const run = new TestEngine(COUNT_BY_SESSION);
    run.event(0, { event_id: 'x', phase: 'call' });
    run.event(1, { event_id: 'x', phase: 'result' });
    run.event(2, { event_id: 'x', phase: 'call' });
    expect(run.engine.stats.repeated).toBe(1);
    run.event(3, { type: 'session_end' });
    run.event(4, { event_id: 'x', phase: 'call' });
    expect(run.engine.stats.repeated).toBe(1);
  });
});
