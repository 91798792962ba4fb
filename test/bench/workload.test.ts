import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { NaiveJudge } from '../../bench/baselines/naive-judge.ts';
import { agreement } from '../../bench/flags.ts';
import { SentinelInProcess } from '../../bench/sentinel.ts';
import { SOME_DAY, workload } from '../../bench/workload.ts';

const RULES = fileURLToPath(new URL('../../bench/rules', import.meta.url));
const SMALL = { events: 30_000, sessions: 300, tenants: 5, startMs: SOME_DAY };

function digest(seed: number): string {
  const hash = createHash('sha256');
  for (const { bytes } of workload({ ...SMALL, events: 5_000, seed })) hash.update(bytes);
  return hash.digest('hex');
}

describe('the workload', () => {
  it('is the same for the same options, and another for another seed', () => {
    expect(digest(1)).toBe(digest(1));
    expect(digest(1)).not.toBe(digest(2));
  });

  it('has events of about 430 bytes, 30 % writes and 2 % delivered twice, 2,000 a second', () => {
    const events = [...workload(SMALL)];
    const parsed = events.map(({ bytes }) => JSON.parse(bytes.toString('utf8')) as Record<string, string>);
    const share = (count: number) => count / SMALL.events;
    const ids = new Set(parsed.map(({ session_id, event_id }) => `${session_id}/${event_id}`));
    expect(share(events.reduce((sum, { bytes }) => sum + bytes.length, 0))).toBeCloseTo(430, -1);
    expect(share(parsed.filter(({ kind }) => kind === 'write').length)).toBeCloseTo(0.3, 1);
    expect(share(SMALL.events - ids.size)).toBeCloseTo(0.02, 2);
    expect(events.length).toBe(SMALL.events);
    expect(events.at(-1)!.ts - SOME_DAY).toBe(14_999);
  });
});

describe('engine and naive service', () => {
  it('flag the same keys, by every rule', async () => {
    const engine = await SentinelInProcess.open(RULES);
    const naive = new NaiveJudge();
    for (const event of workload(SMALL)) {
      engine.take(event);
      naive.take(JSON.parse(event.bytes.toString('utf8')));
    }
    expect(agreement(engine.flagged, naive.flags)).toMatchObject({ agrees: true, engineOnly: [], naiveOnly: [] });
    const rules = new Set([...engine.flagged].map((flag) => flag.split('/')[0]));
    expect([...rules].sort()).toEqual(['DuplicateWrites', 'Loop', 'SessionCost', 'SessionWrites', 'TenantCost'].sort());
  });

  it('a key that only one of them flags makes the figures invalid', () => {
    const flags = { flagged: ['Loop/t/s'], borderline: ['SessionCost/t/near'] };
    expect(agreement(['Loop/t/s', 'SessionCost/t/near'], flags).agrees).toBe(true);
    expect(agreement(['Loop/t/s', 'Loop/t/other'], flags)).toMatchObject({
      agrees: false,
      engineOnly: ['Loop/t/other'],
    });
    expect(agreement([], flags)).toMatchObject({ agrees: false, naiveOnly: ['Loop/t/s'] });
  });
});
