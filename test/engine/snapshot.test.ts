import { describe, expect, it } from 'vitest';
import { decodeSnapshot, encodeSnapshot, SnapshotEncoder } from '../../src/engine/index.ts';
import { TestEngine } from '../support/engine.ts';

const RULES = `- {alert: Burst, type: event_count, group_by: [session], window: 10s, condition: {gte: 3}, for: 1s}
- {alert: Team, type: value_sum, field: cost_usd, group_by: [labels.team], window: 10s, condition: {gte: 1}, keep_firing_for: 5s}
- {alert: Again, type: duplicate_count, group_by: [tenant], window: 10s, condition: {gte: 3}}
- {alert: Loop, type: loop, condition: {gte: 3}}
- {alert: Total, type: session_total, field: actions, condition: {gte: 40}}
- {alert: Old, type: session_age, condition: {gte: 8s}}`;

const event = (i: number) => ({
  session_id: `s${i % 3}`,
  phase: i % 4 === 0 ? 'call' : undefined,
  call_id: `c${i}`,
  args: { to: i % 2 },
  cost_usd: 0.1,
  labels: { team: `t${i % 2}` },
});

describe('a snapshot', () => {
  it('goes through bytes and restores an engine that cannot be told from the one it was taken of', () => {
    const whole = new TestEngine(RULES);
    const broken = new TestEngine(RULES);
    for (let i = 0; i < 200; i++) {
      expect(broken.event(i * 130, event(i))).toEqual(whole.event(i * 130, event(i)));
      if (i % 17 === 0) {
        expect(broken.restart()).toEqual([]);
        expect(broken.engine.stats).toEqual({ ...whole.engine.stats, ...sizes(broken) });
      }
    }
    expect(broken.advance(9_000_000)).toEqual(whole.advance(9_000_000));
  });

  it('is not touched by what the engine does after it was copied', () => {
    const run = new TestEngine(RULES);
    for (let i = 0; i < 50; i++) run.event(i, event(i));
    const before = Buffer.concat([...encodeSnapshot(run.engine.snapshot())]);
    const encoder = new SnapshotEncoder();
    for (const _ of encoder.copy(run.engine.snapshot()));
    for (let i = 50; i < 100; i++) run.event(i, event(i));
    expect(Buffer.concat([...encoder.chunks()]).equals(before)).toBe(true);
  });

  it('is the same in memory that held another one', () => {
    const [small, large] = [new TestEngine(RULES), new TestEngine(RULES)];
    small.event(0, event(0));
    for (let i = 0; i < 500; i++) large.event(i, { ...event(i), session_id: `session-${i}` });
    const encoder = new SnapshotEncoder();
    for (const { engine } of [large, small]) {
      const expected = Buffer.concat([...encodeSnapshot(engine.snapshot())]);
      for (const _ of encoder.copy(engine.snapshot()));
      expect(Buffer.concat([...encoder.chunks()]).equals(expected)).toBe(true);
    }
  });

  it('is copied in slices, however large it is', () => {
    const columns = { large: [new Uint8Array(9 << 20).fill(7), new Uint8Array(3)], small: [new Uint8Array(5).fill(1)] };
    const encoder = new SnapshotEncoder();
    const slices = [...encoder.copy({ facts: { names: ['a'] }, columns })];
    expect(slices.length).toBeGreaterThanOrEqual(2);
    const { facts, columns: decoded } = decodeSnapshot(Buffer.concat([...encoder.chunks()]));
    expect(facts).toEqual({ names: ['a'] });
    expect(Buffer.concat(decoded.large ?? []).equals(Buffer.concat(columns.large))).toBe(true);
    expect(decoded.small).toEqual([Uint8Array.of(1, 1, 1, 1, 1)]);
  });

  it('restores with other rules as a reload would', () => {
    const run = new TestEngine(RULES);
    for (let i = 0; i < 12; i++) run.event(i, event(i));
    run.advance(2000);
    const told = run.restart(RULES.replace('{gte: 3}, for: 1s', '{gte: 5}').replace(/- {alert: Again.*\n/, ''));
    expect(told).toEqual([
      '2000 Burst reload tenant=acme,session=s0 by timer 1006',
      '2000 Burst reload tenant=acme,session=s1 by timer 1007',
      '2000 Burst reload tenant=acme,session=s2 by timer 1008',
      '2000 Again reload tenant=acme by record 6',
    ]);
    expect(run.event(2001, event(12))).toEqual(['2001 Burst firing tenant=acme,session=s0: 5 by record 12']);
  });

  it('is read from wherever it stands in a buffer', () => {
    const run = new TestEngine(RULES);
    for (let i = 0; i < 20; i++) run.event(i, event(i));
    const good = Buffer.concat([...encodeSnapshot(run.engine.snapshot())]);
    const inside = Buffer.concat([Buffer.alloc(3), good, Buffer.alloc(5)]).subarray(3, 3 + good.length);
    expect(decodeSnapshot(inside)).toEqual(decodeSnapshot(good));
  });

  it('comes in chunks of at most 512 KiB, and is read from all of them', () => {
    const run = new TestEngine('- {alert: C, type: event_count, group_by: [session], window: 1h, condition: {gt: 9}}');
    for (let i = 0; i < 20_000; i++) run.event(i, { session_id: `session-${i}` });
    const chunks = [...encodeSnapshot(run.engine.snapshot())];
    expect(chunks.length).toBeGreaterThan(2);
    expect(Math.max(...chunks.map(({ length }) => length))).toBeLessThanOrEqual(1 << 19);
    expect(decodeSnapshot(Buffer.concat(chunks)).facts.engine).toMatchObject({ processed: 20_000 });
  });

  it('is refused in one sentence where it is damaged, cut or of another version', () => {
    const run = new TestEngine(RULES);
    for (let i = 0; i < 20; i++) run.event(i, event(i));
    const good = Buffer.concat([...encodeSnapshot(run.engine.snapshot())]);
    expect(decodeSnapshot(good).facts.rules).toHaveLength(6);
    for (const at of [
      0,
      4,
      20,
      good.length >> 1,
      good.length - 20,
      good.length - 16,
      good.length - 8,
      good.length - 4,
    ]) {
      const bad = Buffer.from(good);
      bad[at]! ^= 1;
      expect(() => decodeSnapshot(bad)).toThrow(/^the engine's snapshot cannot be read: .*; start without it$/);
    }
    for (const length of [0, 7, 16, good.length - 8]) expect(() => decodeSnapshot(good.subarray(0, length))).toThrow();
  });
});

/** What depends on how much room arrays have to grow, not on what they hold. */
function sizes({ engine: { stats } }: TestEngine) {
  return { stateBytes: stats.stateBytes, timers: stats.timers };
}
