/** States that vanish from a Redis whose epoch stays, under a daemon that remembers them. */
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import type { AuditRecord } from '../../src/domain/audit-record.ts';
import type { KillState } from '../../src/domain/kill-state.ts';
import type { Scope } from '../../src/domain/scope.ts';
import { createSetting, type Setting } from '../e2e/setting.ts';
import { type DaemonHere, daemonHere } from '../hostile/daemon-here.ts';
import { RULES } from '../hostile/hostile-records.ts';
import { redisUrl } from '../services/context.ts';
import { until } from '../services/poll.ts';

/** Invariant 9: the store agrees with `agent.kill-state` again within 10 s. */
const AGREES_MS = 10_000;
const HOUR_MS = 3_600_000;
const ANN = { kind: 'operator', id: 'ann' } as const;

interface Scene {
  readonly setting: Setting;
  readonly daemon: DaemonHere;
  /** Somebody with redis-cli, who writes our keys with their prefix. */
  readonly redis: Redis;
}

async function scene(): Promise<Scene> {
  const setting = await createSetting({ rules: RULES, partitions: 1 });
  onTestFinished(() => setting.dispose());
  const redis = new Redis(redisUrl(), { keyPrefix: setting.keyPrefix });
  onTestFinished(() => redis.disconnect());
  return { setting, redis, daemon: await daemonHere(setting) };
}

const tenant = (name: string): Scope => ({ kind: 'tenant', tenant: name });

async function trip({ setting: { store } }: Scene, name: string, ttlMs: number | null = null): Promise<KillState> {
  const outcome = await store.trip({
    ...{ scope: tenant(name), mode: 'stop_all', reason: `stop ${name}`, actor: ANN, decisionId: `trip-${name}` },
    ...{ rule: null, evidence: null, ttlMs, inFlight: null },
    audit: { severity: 'critical', action: 'kill', rule: null, evidence: null, timing: null },
  });
  if (outcome.status !== 'applied') throw new Error(outcome.status);
  return outcome.state;
}

async function restore({ setting: { store } }: Scene, name: string, holdMs: number | null = null): Promise<void> {
  await store.clear({ scope: tenant(name), reason: 'ok', actor: ANN, decisionId: `restore-${name}`, holdMs });
}

async function stateOf({ setting: { store } }: Scene, name: string): Promise<KillState | null> {
  return (await store.read([tenant(name)]))[0]?.state ?? null;
}

const flagOf = ({ redis }: Scene, name: string) => redis.get(`agent_kill_tenant:${name}`);

/** The daemon has seen it, and the topic has it. */
const isKnown = (at: Scene, name: string, version: number) =>
  until(async () => {
    const mirrored = at.daemon.daemon.mirror.version >= version;
    return mirrored && (await at.setting.store.pendingCount()) === 0 && (await stateOf(at, name)) !== null;
  }, AGREES_MS);

const isBack = (at: Scene, name: string) =>
  until(
    async () => (await flagOf(at, name)) === 'stop_all' && (await stateOf(at, name))?.mode === 'stop_all',
    AGREES_MS,
  );

async function recorded({ setting }: Scene, type: AuditRecord['type'], count: number): Promise<readonly AuditRecord[]> {
  const all = async () => (await setting.audit()).filter((record) => record.type === type);
  expect(await until(async () => (await all()).length >= count, AGREES_MS, 100)).toBe(true);
  return all();
}

/** Mode, reason, decision, expiry and hold are what they were; only who set it again, and when, is new. */
async function standsAsBefore(at: Scene, name: string, before: KillState): Promise<void> {
  const state = (await stateOf(at, name))!;
  expect(state.version).toBeGreaterThan(before.version);
  expect({ ...state, version: 0, at: 0, epoch: '' }).toEqual({
    ...{ ...before, actor: state.actor, version: 0, at: 0, epoch: '' },
  });
}

test('absence alone lifts no kill: the whole index and a flag are deleted, and every scope stands again as it stood', async () => {
  const at = await scene();
  await trip(at, 'restored');
  await restore(at, 'restored', HOUR_MS);
  const survives = await trip(at, 'survives', HOUR_MS);
  const before = await trip(at, 'ev1');
  expect(await isKnown(at, 'ev1', before.version)).toBe(true);
  await at.redis.del('agent_kill_index', 'agent_kill_tenant:ev1');
  expect(await isBack(at, 'ev1')).toBe(true);
  await standsAsBefore(at, 'ev1', before);
  await standsAsBefore(at, 'survives', survives);
  // What was lifted stays lifted, with its fence and hold.
  expect(await until(async () => (await stateOf(at, 'restored')) !== null, AGREES_MS)).toBe(true);
  expect(await stateOf(at, 'restored')).toMatchObject({ mode: 'none', hold_until: expect.any(Number) });
  const records = await recorded(at, 'switch.reasserted', 2);
  expect(records.map(({ tenant_id, reason }) => [tenant_id, reason]).sort()).toEqual([
    ['ev1', 'stop ev1'],
    ['survives', 'stop survives'],
  ]);
  const [said] = await recorded(at, 'sentinel.degraded', 1);
  expect(said?.reason).toContain('tenant:ev1');
});

test('absence alone lifts no kill: one entry and its flag are deleted, and exactly that scope is set again', async () => {
  const at = await scene();
  const other = await trip(at, 'other');
  const before = await trip(at, 'ev2', HOUR_MS);
  expect(await isKnown(at, 'ev2', before.version)).toBe(true);
  const epoch = await at.setting.store.epoch();
  await at.redis.multi().hdel('agent_kill_index', 'tenant:ev2').del('agent_kill_tenant:ev2').exec();
  expect(await isBack(at, 'ev2')).toBe(true);
  await standsAsBefore(at, 'ev2', before);
  expect(await stateOf(at, 'other')).toEqual(other);
  expect(await at.setting.store.epoch()).toBe(epoch);
  expect(await recorded(at, 'switch.reasserted', 1)).toHaveLength(1);
});

test('absence alone lifts no kill: an entry becomes garbage and its flag is deleted, and the scope is set again', async () => {
  const at = await scene();
  const before = await trip(at, 'corrupt');
  expect(await isKnown(at, 'corrupt', before.version)).toBe(true);
  const { redis } = at;
  await redis.multi().hset('agent_kill_index', 'tenant:corrupt', '{garbage').del('agent_kill_tenant:corrupt').exec();
  expect(await isBack(at, 'corrupt')).toBe(true);
  await standsAsBefore(at, 'corrupt', before);
  expect(await recorded(at, 'switch.reasserted', 1)).toHaveLength(1);
});

test('index and order are evicted together: what the daemon remembers stands again', async () => {
  const at = await scene();
  const before = await trip(at, 'both');
  expect(await isKnown(at, 'both', before.version)).toBe(true);
  await at.redis.del('agent_kill_index', 'agent_kill_order', 'agent_kill_tenants', 'agent_kill_tenant:both');
  expect(await isBack(at, 'both')).toBe(true);
  await standsAsBefore(at, 'both', before);
});
