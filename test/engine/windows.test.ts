import { describe, expect, it } from 'vitest';
import { BASE, TestEngine } from '../support/engine.ts';

const count = (condition: string, more = '') =>
  `- {alert: Count, type: event_count, group_by: [tenant], window: 64s, condition: ${condition}${more}}`;
const sum = (field: string, condition: string) =>
  `- {alert: Sum, type: value_sum, field: ${field}, group_by: [tenant], window: 64s, condition: ${condition}}`;

describe('a window', () => {
  it('holds what is newer than clock − W: an entry leaves exactly W later', () => {
    const run = new TestEngine(count('{gte: 2}'));
    run.event(0);
    expect(run.event(63_999)).toEqual(['63999 Count firing tenant=acme: 2 by record 1']);
    expect(run.advance(70_000)).toEqual(['64000 Count condition tenant=acme by record 1']);
  });

  it('goes by the events’ own times, at most 2 s ahead of their append time', () => {
    const run = new TestEngine(count('{gte: 2}'));
    run.event(0, { ts: 500_000 });
    expect(run.event(63_999)).toHaveLength(1);
    expect(run.advance(70_000)).toEqual(['66000 Count condition tenant=acme by record 1']);
  });

  it('counts old data produced today like any other', () => {
    const run = new TestEngine(count('{gte: 3}'));
    expect([0, 1, 2].flatMap((at) => run.event(at, { ts: at - 90_000_000 }))).toEqual([
      '2 Count firing tenant=acme: 3 by record 2',
    ]);
  });

  it('leaves out a late event, and says so once', () => {
    const run = new TestEngine(`${count('{gte: 2}')}\n${count('{gte: 2}').replace('Count', 'Other')}`);
    run.event(0);
    expect(run.event(1, { ts: -64_000 })).toEqual([]);
    expect(run.engine.stats.late).toBe(1);
    // The clock has run on by 2 ms: what is newer than −63,998 is inside.
    expect(run.event(2, { ts: -63_997 })).toHaveLength(2);
  });

  it('never takes back what has left, though a record sets the clock back', () => {
    const run = new TestEngine(count('{gte: 2}'));
    run.event(0);
    // The clock runs to 30,000, then a record sets it back to 10: what is older than 30,000 − W stays away.
    run.event(30_000, { ts: 10 });
    expect(run.event(30_001, { ts: -34_000 })).toEqual([]);
    expect(run.engine.stats.late).toBe(1);
  });

  it('is forgotten when it is empty, clock included', () => {
    const run = new TestEngine(count('{gte: 1}'));
    run.event(0);
    expect(run.advance(64_000)).toHaveLength(1);
    expect(run.engine.stats).toMatchObject({ keys: 0, timers: 1 });
    expect(run.event(64_001, { ts: -500_000 })).toHaveLength(1);
    expect(run.engine.stats.late).toBe(0);
  });

  it('counts what 256 newer entries pushed out by slices that lie wholly inside', () => {
    const run = new TestEngine(count('{gt: 257}'));
    // One second is a slice. Two entries of the slice from 0 are pushed out.
    run.event(0);
    run.event(1);
    for (let i = 0; i < 255; i++) run.event(1000 + i);
    expect(run.event(2000)).toEqual(['2000 Count firing tenant=acme: 258 by record 257']);
    // The slice goes as a whole when its first millisecond does.
    expect(run.advance(64_000)).toEqual(['64000 Count condition tenant=acme by record 257']);
  });

  it('does not count an entry that is pushed out into a slice that is partly outside', () => {
    const run = new TestEngine(count('{gt: 256}'));
    run.event(500);
    for (let i = 0; i < 255; i++) run.event(64_300);
    // The clock is 64,300: lo is 300, and the slice from 0 is outside already.
    expect(run.event(64_300)).toEqual([]);
  });

  it('judges lt, lte, eq, neq from the moment when the first event is W old', () => {
    const run = new TestEngine(count('{lt: 2}'));
    run.event(0);
    expect([...run.event(100), ...run.advance(63_999)]).toEqual([]);
    expect(run.advance(64_000)).toEqual(['64000 Count firing tenant=acme: 1 by timer 64000']);
    expect(run.advance(70_000)).toEqual(['64100 Count condition tenant=acme by timer 64000']);
  });
});

describe('value_sum', () => {
  it('adds exactly, in billionths of a dollar and thousandths of anything else', () => {
    const money = new TestEngine(sum('cost_usd', '{gte: 0.3}'));
    expect([0.1, 0.1, 0.1].flatMap((cost_usd, at) => money.event(at, { cost_usd }))).toEqual([
      '2 Sum firing tenant=acme: 0.3 by record 2',
    ]);
    const tokens = new TestEngine(sum('tokens', '{gt: 3}'));
    tokens.event(0, { tokens_in: 1 });
    expect(tokens.event(1, { tokens_in: 1, tokens_out: 1.5 })).toEqual(['1 Sum firing tenant=acme: 3.5 by record 1']);
    const args = new TestEngine(sum('args.amount', '{gte: 2}'));
    args.event(0, { args: { amount: '5' } });
    args.event(1, { args: { amount: 0.0005 } });
    expect(args.event(2, { args: { amount: 1.9994 } })).toEqual(['2 Sum firing tenant=acme: 2 by record 2']);
  });

  it('saturates at 2^53 − 1, and is exact again when the great ones have left', () => {
    const run = new TestEngine(
      `${sum('args.n', '{gt: 9007199254740}')}\n${sum('args.n', '{gte: 7}').replace('Sum', 'Seven')}`,
    );
    run.event(0, { args: { n: 9e15 } });
    expect(run.event(1, { args: { n: 9e15 } })).toEqual([]);
    run.event(10, { args: { n: 7 } });
    expect(run.advance(64_005)).toEqual(['64001 Sum condition tenant=acme by record 0']);
    expect(run.advance(64_010)).toEqual(['64010 Seven condition tenant=acme by record 0']);
  });

  it('takes no entry from an event without the number', () => {
    const run = new TestEngine(sum('cost_usd', '{gt: 0}'));
    for (const cost_usd of [null, 0, 1e-10]) expect(run.event(0, { cost_usd })).toEqual([]);
    expect(run.engine.stats.keys).toBe(0);
  });
});

describe('the engine', () => {
  it('ignores an offset below the next one altogether', () => {
    const run = new TestEngine(count('{gte: 2}'));
    run.event(0);
    const view = { tenant: 2, session: 2 } as never;
    expect(run.engine.step(0, BASE + 99_999, view)).toEqual([]);
    expect(run.engine).toMatchObject({ horizon: BASE, nextOffset: 1 });
    expect(run.engine.stats.processed).toBe(1);
  });

  it('fires timers before the record that is due with them', () => {
    const run = new TestEngine(count('{gte: 2}', ', for: 10s'));
    run.events(2, 0);
    expect(run.event(10_001)).toEqual(['10001 Count firing tenant=acme: 2 by timer 10001']);
  });

  it('tells alerts of one instant rule by rule, then by key text', () => {
    const rule = (name: string) => count('{gte: 1}').replace('Count', name);
    const run = new TestEngine(`${rule('B')}\n${rule('A')}`);
    for (const tenant_id of ['z', 'a', 'm']) run.event(0, { tenant_id });
    expect(run.advance(64_000).map((text) => text.replace(/ by .*/, ''))).toEqual(
      ['B', 'A'].flatMap((name) => ['a', 'm', 'z'].map((tenant) => `64000 ${name} condition tenant=${tenant}`)),
    );
  });

  it('passes over dead-lettered records, whose time counts', () => {
    const run = new TestEngine(count('{gte: 1}'));
    run.event(0);
    expect(run.engine.skip(1, BASE + 64_000)).toHaveLength(1);
    expect(run.engine.nextOffset).toBe(2);
  });
});
