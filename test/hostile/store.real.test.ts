/** A Redis that leaves, forgets, is full, refuses or lies, under a daemon that has to kill through it. */
import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { KafkaEventLog } from '../../src/adapters/kafka/event-log.ts';
import { RedisKillStore } from '../../src/adapters/redis/kill-store.ts';
import type { Ports } from '../../src/daemon/parts.ts';
import { SentinelError } from '../../src/domain/errors.ts';
import { DEFAULT_NAMES } from '../../src/killswitch/keys.ts';
import { startDaemon } from '../e2e/daemon-process.ts';
import { createSetting, type Setting } from '../e2e/setting.ts';
import { kafkaBrokers } from '../services/context.ts';
import { until } from '../services/poll.ts';
import { type RedisServer, startRedis } from '../services/redis.ts';
import { type DaemonHere, daemonHere } from './daemon-here.ts';
import { RULES, writes } from './hostile-records.ts';

const WAIT_MS = 40_000;
const HOUR_MS = 3_600_000;

interface Scene {
  readonly server: RedisServer;
  readonly setting: Setting;
  readonly daemon: DaemonHere;
  /** Somebody with redis-cli, who writes our keys with their prefix. */
  readonly redis: Redis;
}

/** A daemon on a Redis of its own. */
async function scene(
  args: readonly string[] = [],
  changed: (setting: Setting, url: string) => Partial<Ports> = () => ({}),
): Promise<Scene> {
  const server = await startRedis({ args });
  onTestFinished(() => server.stop());
  const setting = await createSetting({ rules: RULES, partitions: 2, redis: server.url });
  onTestFinished(() => setting.dispose());
  const redis = new Redis(server.url, { keyPrefix: setting.keyPrefix, maxRetriesPerRequest: null });
  redis.on('error', () => {});
  onTestFinished(() => redis.disconnect());
  const daemon = await daemonHere(setting, changed(setting, server.url));
  return { server, setting, daemon, redis };
}

function killStore(setting: Setting, url: string, clockOffsetMs: () => number): RedisKillStore {
  const names = { ...DEFAULT_NAMES, key_prefix: setting.keyPrefix };
  return new RedisKillStore({ url, names, modeWhenEnabled: 'disable_writes', clockOffsetMs });
}

/** A log of which one topic takes nothing while it is held. */
function holding(topics: Setting['topics'], held: string, isHeld: () => boolean): KafkaEventLog {
  const { events } = topics;
  const log = new KafkaEventLog({
    brokers: kafkaBrokers(),
    groupId: events,
    topics,
    clock: { now: Date.now },
    log: () => {},
  });
  const append = log.append.bind(log);
  log.append = async (topic, messages) => {
    if (topic === held && isHeld())
      throw new SentinelError('kafka_unavailable', `${held} is held`, { retryable: true });
    return append(topic, messages);
  };
  return log;
}

async function send(
  { setting: { log, topics } }: Scene,
  partition: number,
  ...values: readonly string[]
): Promise<void> {
  await log.append(
    topics.events,
    values.map((value) => ({ key: 'k', value, partition })),
  );
}

async function stopped({ setting: { store } }: Scene): Promise<string[]> {
  const { states } = await store.page(0, 1_000);
  return states
    .filter(({ state }) => state.mode !== 'none')
    .map(({ scope }) => scope)
    .sort();
}

const are = (at: Scene, scopes: readonly string[]) =>
  until(async () => (await stopped(at)).join(' ') === [...scopes].sort().join(' '), WAIT_MS, 50);

const isReady = ({ daemon }: Scene) => until(() => daemon.daemon.board.get().ready, WAIT_MS, 50);

/** Subjects of the kills in the audit, as often as they are told. A record that is written twice has the same id. */
async function recordedKills({ setting }: Scene): Promise<string[]> {
  const kills = (await setting.audit()).filter(({ type }) => type === 'session.terminated');
  return [...new Map(kills.map(({ id, session_id }) => [id, String(session_id)])).values()].sort();
}

const sessions = (...names: readonly string[]) => names.map((name) => `session:acme:${name}`);

describe('a Redis that goes away in the middle of kills', () => {
  test('and returns empty: every kill stands again, those of the outage too, and none that was not decided', async () => {
    const at = await scene(['--appendonly', 'no']);
    const { server, setting } = at;
    const before = Array.from({ length: 10 }, (_, n) => `b${n}`);
    const during = Array.from({ length: 10 }, (_, n) => `d${n}`);
    await send(at, 0, ...before.flatMap((session) => writes(4, 'acme', session)), ...writes(3, 'acme', 'innocent'));
    expect(await are(at, sessions(...before))).toBe(true);
    await setting.store.clear({
      scope: { kind: 'session', tenant: 'acme', session: 'b0' },
      ...{ reason: 'it was a test', actor: { kind: 'operator', id: 'ann' }, decisionId: 'restore-b0', holdMs: null },
    });
    expect(await until(async () => (await setting.store.pendingCount()) === 0, WAIT_MS)).toBe(true);

    // It dies while the daemon kills one session after the other.
    const killing = send(at, 1, ...during.flatMap((session) => writes(4, 'acme', session)));
    await until(async () => (await stopped(at)).length > before.length, 2_000, 1);
    await server.kill();
    await killing;
    expect(await until(() => !at.daemon.daemon.board.get().ready, WAIT_MS)).toBe(true);
    await server.start();
    expect(await are(at, sessions(...before.slice(1), ...during))).toBe(true);
    expect(await isReady(at)).toBe(true);
    expect(at.daemon.crashes).toEqual([]);
    expect(await until(async () => (await recordedKills(at)).length >= 20, WAIT_MS, 100)).toBe(true);
    expect(await until(async () => (await setting.store.pendingCount()) === 0, WAIT_MS)).toBe(true);
    expect(await recordedKills(at)).toEqual([...before, ...during].sort());
  });

  test('and is emptied before Kafka had the record of a kill: it stands again, and is recorded once as what it was', async () => {
    let isHeld = true;
    const at = await scene([], ({ topics }) => ({ log: holding(topics, topics.audit, () => isHeld) }));
    await send(at, 0, ...writes(4, 'acme', 'lost'));
    expect(await are(at, sessions('lost'))).toBe(true);
    const told = () => Object.values(at.daemon.daemon.board.get().problems).join(' ');
    expect(await until(() => told().includes('held'), WAIT_MS, 50)).toBe(true);
    await at.redis.flushall();
    expect(await until(async () => (await at.setting.store.epoch()) !== null, WAIT_MS, 50)).toBe(true);
    expect(await are(at, sessions('lost'))).toBe(true);
    isHeld = false;
    expect(await until(async () => (await recordedKills(at)).length > 0, WAIT_MS, 100)).toBe(true);
    expect(await until(async () => (await at.setting.store.pendingCount()) === 0, WAIT_MS)).toBe(true);
    expect(await recordedKills(at)).toEqual(['lost']);
    const kill = (await at.setting.audit()).find(({ type }) => type === 'session.terminated');
    expect(kill).toMatchObject({
      rule: { name: 'Burst' },
      reason: 'Auto-kill: event_count anomaly: 4 in 10m, limit 3',
    });
    expect(kill?.evidence?.events).toHaveLength(4);
    expect(await isReady(at)).toBe(true);
  });

  test('and is flushed and gets one new kill before anyone looks: the new one stands beside all the old', async () => {
    const at = await scene();
    await send(at, 0, ...writes(4, 'acme', 'old'), ...writes(4, 'acme', 'older'));
    expect(await are(at, sessions('old', 'older'))).toBe(true);
    // One transaction: nobody sees the store between the flush and the kill, and its version is greater than before.
    await at.redis.multi().flushall().set('agent_kill_tenant:zeta', 'stop_all').exec();
    await at.setting.store.adopt([{ kind: 'tenant', tenant: 'zeta' }], { kind: 'operator', id: 'ann' });
    expect(await are(at, [...sessions('old', 'older'), 'tenant:zeta'])).toBe(true);
    expect(await until(async () => (await at.setting.store.epoch()) !== null, WAIT_MS)).toBe(true);
    expect(await at.redis.get('agent_kill_session:acme:old')).toBe('stop_all');
    expect(await isReady(at)).toBe(true);
    const degraded = (await at.setting.audit()).filter(({ type }) => type === 'sentinel.degraded');
    expect(degraded.map(({ reason }) => reason).join()).toMatch(/wiped, rolled back or rebuilt/);
  });
});

test('a full Redis never refuses a kill; that nothing else can be kept is said, not hidden', async () => {
  const at = await scene(['--maxmemory', '6mb']);
  await send(at, 0, ...writes(1, 'acme', 'first'));
  const filling = (async () => {
    for (let each = 0; ; each += 1) await at.redis.set(`filler:${each}`, 'x'.repeat(50_000));
  })();
  await expect(filling).rejects.toThrow('OOM');
  await send(at, 0, ...writes(3, 'acme', 'first'), ...writes(4, 'acme', 'second'), ...writes(3, 'acme', 'innocent'));
  expect(await are(at, sessions('first', 'second'))).toBe(true);
  const waits = () => at.daemon.daemon.board.get().problems.checkpoints ?? '';
  expect(await until(() => /is full \(maxmemory\)/.test(waits()), WAIT_MS, 50)).toBe(true);
  expect(waits()).toMatch(
    /^Redis at redis:\/\/127\.0\.0\.1:\d+ is full \(maxmemory\): give it more memory or remove keys\.$/,
  );
  await at.redis.call('CONFIG', 'SET', 'maxmemory', '100mb');
  expect(await isReady(at)).toBe(true);
});

test('a Redis with another password: the daemon ends at once, with one sentence and without the password', async () => {
  const server = await startRedis();
  onTestFinished(() => server.stop());
  const admin = new Redis(server.url);
  onTestFinished(() => admin.disconnect());
  await admin.config('SET', 'requirepass', 'right');
  const redis = `redis://:wr0ng@127.0.0.1:${server.port}`;
  const setting = await createSetting({ rules: RULES, redis });
  onTestFinished(() => setting.dispose());
  const daemon = await startDaemon(['--config', setting.config]);
  onTestFinished(() => daemon.kill());
  expect(await daemon.exited).toBe(2);
  expect(daemon.errors()).toMatch(
    /^Redis at redis:\/\/127\.0\.0\.1:\d+ refuses us \(WRONGPASS\): give a user and a password [^\n]*\n$/,
  );
  expect(JSON.stringify(daemon.log)).not.toContain('wr0ng');
});

test('a Redis whose password is changed under the daemon: that is said, reading goes on, and nothing is lost', async () => {
  const at = await scene();
  await send(at, 0, ...writes(4, 'acme', 'before'));
  expect(await are(at, sessions('before'))).toBe(true);
  await at.redis.config('SET', 'requirepass', 'other');
  const admin = new Redis(at.server.url, { password: 'other' });
  onTestFinished(() => admin.disconnect());
  await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  await send(at, 0, ...writes(4, 'acme', 'meanwhile'));
  const said = () => Object.values(at.daemon.daemon.board.get().problems).join(' ');
  expect(await until(() => /refuses us \(NOAUTH\)/.test(said()), WAIT_MS, 50)).toBe(true);
  await admin.config('SET', 'requirepass', '');
  expect(await are(at, sessions('before', 'meanwhile'))).toBe(true);
  expect(await isReady(at)).toBe(true);
  expect(at.daemon.crashes).toEqual([]);
});

test('a Redis whose clock goes back by an hour: kills are taken, none ends early or is lifted, a restore still sticks', async () => {
  let offset = 0;
  const at = await scene([], (setting, url) => ({ store: killStore(setting, url, () => offset) }));
  const operator = killStore(at.setting, at.server.url, () => offset);
  onTestFinished(() => operator.close());
  await send(at, 0, ...writes(4, 'acme', 'before'), ...writes(4, 'acme', 'again'));
  expect(await are(at, sessions('before', 'again'))).toBe(true);
  offset = -HOUR_MS;
  await send(at, 0, ...writes(4, 'acme', 'after'));
  expect(await are(at, sessions('before', 'again', 'after'))).toBe(true);
  const clearing = { reason: 'it was a test', actor: { kind: 'operator', id: 'ann' } as const, holdMs: null };
  await operator.clear({ ...clearing, scope: { kind: 'session', tenant: 'acme', session: 'again' }, decisionId: 'r1' });
  expect(await are(at, sessions('before', 'after'))).toBe(true);
  const versions = (await operator.page(0, 100)).states.map(({ state }) => state.version);
  expect([...versions].sort((a, b) => a - b)).toEqual(versions);
  await send(at, 0, ...writes(1, 'acme', 'again'));
  offset = 0;
  await send(at, 0, ...writes(4, 'acme', 'last'));
  expect(await are(at, sessions('before', 'after', 'last'))).toBe(true);
  expect(await isReady(at)).toBe(true);
});

test('a list, a hash and 2^53 under our keys: kills go on, and what was killed stays killed', async () => {
  const at = await scene();
  const { redis } = at;
  await send(at, 0, ...writes(4, 'acme', 'before'));
  expect(await are(at, sessions('before'))).toBe(true);
  const key = 'agent_kill_session:acme:';
  await redis.del(`${key}before`);
  await redis.rpush(`${key}before`, 'a', 'list');
  await redis.hset(`${key}hash`, 'a', 'hash');
  await redis.set('agent_kill_version', String(2 ** 53));
  await redis.del('agent_kill_outbox', 'agent_kill_limits:session_kills:acme');
  await redis.rpush('agent_kill_limits:session_kills:acme', 'a list');
  await send(at, 0, ...writes(4, 'acme', 'hash'), ...writes(4, 'acme', 'after'), ...writes(3, 'acme', 'innocent'));
  expect(await are(at, sessions('before', 'hash', 'after'))).toBe(true);
  for (const session of ['before', 'hash', 'after'])
    expect(await until(async () => (await redis.get(key + session)) === 'stop_all', WAIT_MS, 50), session).toBe(true);
  expect(await isReady(at)).toBe(true);
  expect(at.daemon.crashes).toEqual([]);
});
