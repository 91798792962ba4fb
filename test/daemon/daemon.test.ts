import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Config, DEFAULT_CONFIG } from '../../src/daemon/config/config.ts';
import { Daemon } from '../../src/daemon/daemon.ts';
import type * as Jobs from '../../src/daemon/jobs.ts';
import { burst, World } from './rig.ts';

/** Nobody looks at the limits by the clock here: what is told of them, the turn that published their change has told. */
vi.mock('../../src/daemon/jobs.ts', async (load) => {
  const { jobsOf } = await load<typeof Jobs>();
  return {
    jobsOf: (parts: Jobs.JobParts) => {
      const jobs = jobsOf(parts);
      const others = jobs.filter(({ name }) => name !== 'limits');
      if (others.length !== jobs.length - 1) throw new Error('there is no one job that looks at the limits any more');
      return others;
    },
  };
});

const RULES = `groups:
  - name: g
    rules:
      - {alert: Burst, type: event_count, match: {kind: write}, window: 10m, condition: {gt: 3}, severity: critical}
`;

const SENTINEL = { kind: 'sentinel', id: 'sentinel' } as const;

let world: World;
let rulesDir: string;
let daemon: Daemon;
let crashes: Error[];
beforeEach(() => {
  world = new World();
  world.now = Date.now();
  crashes = [];
  rulesDir = join(world.dir, 'rules.d');
  mkdirSync(rulesDir);
  writeFileSync(join(rulesDir, 'a.yaml'), RULES);
  const config: Config = { ...DEFAULT_CONFIG, embedded: { dir: world.dir }, rules: { dir: rulesDir } };
  daemon = new Daemon({
    config,
    ports: world,
    logger: pino({ level: 'silent' }),
    onCrash: (error) => void crashes.push(error),
  });
});
afterEach(async () => {
  world.down.clear();
  await daemon.stop();
  await world.dispose();
});

describe('the daemon on the embedded default', () => {
  test('is ready once it reads, says that it is embedded, and stops what its rules tell it to', async () => {
    expect(daemon.board.get()).toMatchObject({ ready: false, problems: { start: 'starting' } });
    await daemon.start();
    await expect.poll(() => daemon.board.get().ready).toBe(true);
    expect(daemon.board.get()).toEqual({
      ready: true,
      problems: {},
      notices: {
        log: `no Kafka is configured: events and audit are kept in ${world.dir}`,
        store: `no Redis is configured: the kill state is kept in ${world.dir}`,
      },
    });
    await world.produce(...burst(5, world.now));
    await expect.poll(() => world.stopped(), { timeout: 5_000 }).toEqual(['session:acme:s1']);
    const types = async () => (await world.audit()).map(({ type }) => type).sort();
    await expect
      .poll(types, { timeout: 5_000 })
      .toEqual(['alert.firing', 'rules.loaded', 'sentinel.started', 'session.terminated']);
  });

  test('says that a limit holds, and no longer, when the record of either is durable, without a look by the clock', async () => {
    await daemon.start();
    await world.store.trip({
      ...{ scope: { kind: 'tenant', tenant: 'acme' }, mode: 'stop_all', reason: 'test', actor: SENTINEL },
      ...{ decisionId: 'd1', rule: 'R', evidence: null, ttlMs: null, inFlight: null },
      automation: {
        evidenceAppendedAt: world.now,
        limits: [{ name: 'tenant_flips', max: 0, perMs: 60_000, concerns: 'all' }],
        escalation: null,
      },
      audit: { severity: 'info', action: 'x', rule: null, evidence: null, timing: null },
    });
    const told = () => daemon.board.get().notices.limits;
    await expect.poll(told, { timeout: 5_000 }).toMatch(/\(tenant_flips\): it holds until "sentinel rearm"/);
    await world.store.rearm(null, { kind: 'operator', id: 'ann' });
    await expect.poll(told, { timeout: 5_000 }).toBeUndefined();
  });

  test('waits for a store that is away, says so, and can be stopped meanwhile', async () => {
    world.down.add('store');
    const started = daemon.start();
    await expect.poll(() => daemon.board.get().problems.store).toBe('store is away');
    await daemon.stop();
    await started;
    expect(daemon.board.get().ready).toBe(false);
    expect(crashes).toEqual([]);
  });

  test('says what it waits for when the store goes away later, and that it is back', async () => {
    await daemon.start();
    world.down.add('store');
    await expect.poll(() => daemon.board.get().problems.relay, { timeout: 3_000 }).toBe('store is away');
    world.down.delete('store');
    await expect.poll(() => daemon.board.get().ready, { timeout: 3_000 }).toBe(true);
  });

  test('tells wrong rules before it waits for anything', async () => {
    world.down.add('store');
    writeFileSync(join(rulesDir, 'a.yaml'), 'groups: 7');
    await expect(daemon.start()).rejects.toMatchObject({ code: 'rules_invalid' });
  });

  test('stops once, however often it is asked, and names its last record to whoever comes next', async () => {
    await daemon.start();
    await Promise.all([daemon.stop(), daemon.stop()]);
    expect(crashes).toEqual([]);
  });
});
