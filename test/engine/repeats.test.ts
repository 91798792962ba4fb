import { describe, expect, it } from 'vitest';
import { TestEngine } from '../support/engine.ts';

const duplicates = (more: string) =>
  `- {alert: Again, type: duplicate_count, group_by: [session], window: 1m, condition: {gte: 1}${more}}`;
const loop = (more: string) => `- {alert: Loop, type: loop, condition: {gte: 3}, ${more}}`;
const failed = { phase: 'result', status: 'error' };

describe('duplicate_count', () => {
  it('counts repeats of the same tool and arguments, however they are written', () => {
    const run = new TestEngine(duplicates(''));
    run.event(0, { args: { to: 'a', n: 1 } });
    expect(run.event(1, { args: { to: 'b', n: 1 } })).toEqual([]);
    expect(run.event(2, { args: { n: 1.0, to: 'a' } })).toEqual([
      '2 Again firing tenant=acme,session=s1: 1 by record 2',
    ]);
  });

  it('after: ok — does not count a repeat of a call known to have failed', () => {
    const run = new TestEngine(duplicates(''));
    run.event(0, { phase: 'call', call_id: 'c1' });
    run.event(1, { ...failed, call_id: 'c1' });
    expect(run.event(2, { phase: 'call', call_id: 'c2' })).toEqual([]);
    // The second one is still in flight: a third one is a repeat, until the second fails as well.
    expect(run.event(3, { phase: 'call', call_id: 'c3' })).toHaveLength(1);
    expect(run.event(4, { ...failed, call_id: 'c2' })).toEqual([
      '4 Again condition tenant=acme,session=s1 by record 3',
    ]);
  });

  it('after: ok — takes the word of the session’s own results only', () => {
    const run = new TestEngine(duplicates(''));
    run.event(0, { phase: 'call', call_id: 'c1' });
    run.event(1, { ...failed, call_id: 'c1', session_id: 's2' });
    run.event(2, { ...failed, call_id: 'c1', tenant_id: 'bolt' });
    expect(run.event(3, { phase: 'call', call_id: 'c2' })).toHaveLength(1);
  });

  it('after: any — counts repeats of failed calls too', () => {
    const run = new TestEngine(duplicates(', after: any'));
    run.event(0, { status: 'error' });
    expect(run.event(1, { status: 'error' })).toHaveLength(1);
  });

  it('tells the most repeated operation: its value, events, tool and sessions, most calls first', () => {
    const run = new TestEngine(
      '- {alert: Again, type: duplicate_count, group_by: [tenant], window: 1m, condition: {gte: 1}, for: 10s}',
    );
    for (const to of ['x', 'y', 'y']) run.event(0, { session_id: 's1', args: { to } });
    for (const at of [1, 2]) run.event(at, { session_id: 's2', args: { to: 'y' } });
    run.event(3, { session_id: 's2', args: { to: 'y' } });
    run.event(4, { session_id: 's3', args: { to: 'x' } });
    const [alert] = run.engine.advance(run.engine.horizon + 10_000);
    expect(alert).toMatchObject({
      state: 'firing',
      evidence: { measure: 'duplicate_count', value: 4, events: [1, 2, 3, 4, 5].map((offset) => ({ offset })) },
      subjects: { tool: 'mail.send', sessions: [{ session: 's2' }, { session: 's1' }] },
    });
  });

  it('an event without a part of the fingerprint is no entry', () => {
    const run = new TestEngine(duplicates(', fingerprint: [idempotency_key]'));
    expect(run.events(3, 0)).toEqual([]);
    expect(run.engine.stats.keys).toBe(0);
  });
});

describe('loop', () => {
  const read = (at: number, to: string) => ({ at, event: { tool: 'mail.get', args: { to } } });
  const write = (at: number, to: string, more = {}) => ({ at, event: { tool: 'mail.send', args: { to }, ...more } });
  const told = (rule: string, calls: readonly { at: number; event: object }[]) => {
    const run = new TestEngine(loop(rule));
    return calls.flatMap(({ at, event }) => run.event(at, { ...event }));
  };

  it('counts identical calls, over any time, with other reads between them', () => {
    expect(told('match: {kind: read}', [read(0, 'a'), read(1, 'b'), read(600_000, 'a'), read(900_000, 'a')])).toEqual([
      '900000 Loop firing tenant=acme,session=s1: 3 by record 3',
    ]);
  });

  it('a different write forgets them, whether the rule matches it or not', () => {
    const calls = [read(0, 'a'), read(1, 'a'), write(2, 'x'), read(3, 'a')];
    expect(told('match: {kind: read}', calls)).toEqual([]);
    expect(told('match: {tool: "mail.*"}', calls)).toEqual([]);
  });

  it('the same write does not; nor does a blocked one or a result', () => {
    expect(told('window: 1h', [write(0, 'a'), write(1, 'a'), write(2, 'a')])).toHaveLength(1);
    const reads = [read(0, 'a'), read(1, 'a')];
    expect(told('window: 1h', [...reads, write(2, 'x', { status: 'blocked' }), read(3, 'a')])).toHaveLength(1);
    expect(told('window: 1h', [...reads, write(2, 'x', { phase: 'result' }), read(3, 'a')])).toHaveLength(1);
  });

  it('an alert whose calls are forgotten is resolved', () => {
    expect(told('match: {kind: read}', [...[0, 1, 2].map((at) => read(at, 'a')), write(3, 'x')])).toEqual([
      '2 Loop firing tenant=acme,session=s1: 3 by record 2',
      '3 Loop condition tenant=acme,session=s1 by record 2',
    ]);
  });

  it('distinct_of_last judges once there are N calls, and writes reset nothing', () => {
    const run = new TestEngine('- {alert: Few, type: loop, distinct_of_last: 4, condition: {lte: 2}}');
    const call = (at: number, to: string) => run.event(at, { args: { to } });
    expect(['a', 'a', 'b'].flatMap((to, at) => call(at, to))).toEqual([]);
    expect(call(3, 'b')).toEqual(['3 Few firing tenant=acme,session=s1: 2 by record 3']);
    expect(call(4, 'c')).toEqual(['4 Few condition tenant=acme,session=s1 by record 3']);
  });
});
