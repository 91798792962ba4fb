import { Redis } from 'ioredis';
import { afterEach, describe, expect, test } from 'vitest';
import { KafkaEventLog } from '../../src/adapters/kafka/event-log.ts';
import { RedisKillStore } from '../../src/adapters/redis/kill-store.ts';
import type { ValidEvent } from '../../src/domain/event/validate.ts';
import { createGuard, type Guard, type GuardOptions, type GuardSession, kafkaSink } from '../../src/guard/index.ts';
import { DEFAULT_NAMES } from '../../src/killswitch/keys.ts';
import type { KillStore } from '../../src/ports/kill-store.ts';
import { byOperator, clearing, GLOBAL, SENTINEL, session, tenant, tool } from '../conformance/kill-store/harness.ts';
import { kafkaBrokers, redisUrl, unique } from '../services/context.ts';
import { until } from '../services/poll.ts';
import { startRedis } from '../services/redis.ts';
import { CONFIG } from './harness.ts';

/** A guard's time to obey: one poll, and what a busy machine takes. */
const SOON_MS = 10_000;
const S = { tenantId: 'acme', sessionId: 's1' };

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Setting {
  readonly store: KillStore;
  readonly redis: Redis;
  readonly prefix: string;
  guard(options?: Partial<GuardOptions>): Promise<Guard>;
}

/** A store of its own in that Redis: complete and configured, with a redis-cli beside it. */
async function setting({
  url = redisUrl(),
  prefix = unique('guard:'),
  names = {},
  isBare = false,
} = {}): Promise<Setting> {
  const all = { ...DEFAULT_NAMES, ...names, key_prefix: prefix };
  const store = new RedisKillStore({ url, names: all, modeWhenEnabled: 'disable_writes', commandTimeoutMs: 10_000 });
  const redis = new Redis(url, { protocol: 2, maxRetriesPerRequest: 1 });
  redis.on('error', () => {});
  closing.push(async () => {
    await store.close();
    redis.disconnect();
  });
  const { key_prefix: _, ...flags } = all;
  if (!isBare) {
    await store.publishConfig({ ...CONFIG, names: flags });
    await store.initialise([], SENTINEL);
  }
  const guard = async (options: Partial<GuardOptions> = {}): Promise<Guard> => {
    const made = await createGuard({ redis: url, keyPrefix: prefix, onError: () => {}, cacheTtlS: 0.2, ...options });
    closing.push(() => made.close());
    return made;
  };
  return { store, redis, prefix, guard };
}

const denied = (opened: GuardSession, name: string) => until(() => !opened.check(name).allowed, SOON_MS);
const allowed = (opened: GuardSession, name: string) => until(() => opened.check(name).allowed, SOON_MS);

describe('on a real Redis', () => {
  test('a kill refuses the next check by its push, and a restore lifts it', async () => {
    const { guard, store } = await setting();
    // So rarely polled that only a push can bring it.
    const made = await guard({ cacheTtlS: 600, maxStalenessMs: 600_000 });
    const opened = await made.session(S);
    expect(opened.check('db.write')).toEqual({ allowed: true });
    await store.trip(byOperator(session('acme', 's1'), { reason: 'Auto-kill: why' }));
    expect(await denied(opened, 'doc.read')).toBe(true);
    expect(opened.check('doc.read')).toMatchObject({ reason: 'Session terminated: Auto-kill: why' });
    await store.clear(clearing(session('acme', 's1')));
    expect(await allowed(opened, 'db.write')).toBe(true);
  });

  test('a push that is lost is repaired by the poll (invariant 11)', async () => {
    const { guard, store, redis } = await setting();
    const opened = await (await guard()).session(S);
    await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await store.trip(byOperator(tenant('acme')));
    expect(await denied(opened, 'db.write')).toBe(true);
    expect(opened.check('db.write')).toMatchObject({ reason: 'killed: writes_disabled:db.write' });
  });

  test('a state that the store has lost denies whoever starts then, until it is put back as it was', async () => {
    const { guard, store, redis, prefix } = await setting();
    const known = await store.trip(byOperator(tenant('acme')));
    if (known.status !== 'applied') throw new Error(known.status);
    await redis.hset(`${prefix}agent_kill_index`, 'tenant:acme', '{garbage');
    await redis.del(`${prefix}agent_kill_tenant:acme`);
    await store.trip(byOperator(tool('other', 'web.*')));
    await redis.hdel(`${prefix}agent_kill_index`, 'tool:other:web.*');
    await redis.srem(`${prefix}agent_disabled_tools:other`, 'web.*');
    const made = await guard();
    expect(made.admit({ tenantId: 'acme' }).allowed).toBe(false);
    const elsewhere = await made.session({ ...S, tenantId: 'other' });
    expect(elsewhere.check('web.get', { kind: 'read' }).allowed).toBe(false);
    expect(elsewhere.check('doc.read').allowed).toBe(true);
    const opened = await made.session(S);
    expect(opened.check('doc.read').allowed).toBe(false);
    // What it only heard is not what it gives back.
    await made.refresh();
    expect(await store.forgotten(['tenant:acme'])).toEqual(['tenant:acme']);
    await store.reassert([{ scope: 'tenant:acme', state: known.state }], SENTINEL);
    expect(await allowed(opened, 'doc.read')).toBe(true);
    expect(opened.check('db.write')).toMatchObject({ reason: 'killed: writes_disabled:db.write' });
  });

  test('what the store had lost is as it was once the store was rebuilt: a guard makes no stop of its doubt', async () => {
    const { guard, store, redis, prefix } = await setting();
    const [restored, mild, unknown] = [tenant('restored'), tenant('mild'), tenant('unknown')];
    const made = await guard();
    for (const scope of [restored, mild, unknown]) await store.trip(byOperator(scope, { mode: 'stop_new_runs' }));
    await store.trip(byOperator(tool('restored', 'web.*')));
    await store.clear(clearing(restored));
    await store.clear(clearing(tool('restored', 'web.*')));
    const opened = [];
    for (const { tenant: tenantId } of [restored, mild, unknown] as { tenant: string }[])
      opened.push(await made.session({ ...S, tenantId }));
    await made.refresh();
    const topic = (await store.page(0, 100)).states.filter(({ scope }) => scope !== 'tenant:unknown');
    await redis.del(`${prefix}agent_kill_index`, `${prefix}agent_kill_outbox`);
    for (const id of ['mild', 'unknown']) await redis.del(`${prefix}agent_kill_tenant:${id}`);
    await made.refresh();
    for (const session of opened) expect(session.check('doc.read').allowed).toBe(false);
    await store.initialise(topic, SENTINEL);
    for (let each = 0; each < 3; each++) await made.refresh();
    expect(opened.map((session) => session.check('web.get', { kind: 'read' }).allowed)).toEqual([true, true, true]);
    expect((await store.read([restored, mild])).map(({ state }) => state?.mode)).toEqual(['none', 'stop_new_runs']);
    // Nobody but the guard remembers it, as it was: that is given back.
    expect((await store.read([unknown]))[0]?.state).toMatchObject({ mode: 'stop_new_runs', rule: null });
    expect(made.admit({ tenantId: 'restored' }).allowed).toBe(true);
    expect(made.admit({ tenantId: 'mild' }).allowed).toBe(false);
  });

  test('what somebody sets with redis-cli is obeyed and adopted: a tenant, a session, a tool, a wrong type', async () => {
    const { guard, store, redis, prefix } = await setting();
    const opened = await (await guard()).session({ tenantId: 'a:c', sessionId: 's:1' });
    await redis.set(`${prefix}agent_kill_tenant:a:c`, '1');
    expect(await denied(opened, 'db.write')).toBe(true);
    expect(opened.check('doc.read').allowed).toBe(true);
    await redis.set(`${prefix}agent_kill_tenant:a:c`, '0');
    expect(await allowed(opened, 'db.write')).toBe(true);
    await redis.sadd(`${prefix}agent_disabled_tools:a:c`, 'doc.*');
    expect(await denied(opened, 'doc.read')).toBe(true);
    await store.clear(clearing(tool('a:c', 'doc.*')));
    expect(await allowed(opened, 'doc.read')).toBe(true);
    await redis.set(`${prefix}agent_kill_session:a%3Ac:s:1`, 'x');
    expect(await denied(opened, 'doc.read')).toBe(true);
    await redis.lpush(`${prefix}agent_kill_global`, 'a', 'list');
    expect(await until(() => opened.check('doc.read').allowed === false && scopeOf(opened) === 'global', SOON_MS)).toBe(
      true,
    );
    expect((await store.read([GLOBAL]))[0]).toMatchObject({ byHand: null, state: { mode: 'stop_all' } });
  });

  test('new runs of a tenant that is not open here: a list at the start, pushes, and what redis-cli sets', async () => {
    const { guard, store, redis, prefix } = await setting();
    await store.trip(byOperator(tenant('a:b'), { mode: 'stop_new_runs' }));
    const made = await guard({ cacheTtlS: 600, maxStalenessMs: 600_000 });
    expect(made.admit({ tenantId: 'a:b' })).toMatchObject({ code: 'new_runs_stopped', scope: 'tenant:a:b' });
    expect(made.admit(S)).toEqual({ allowed: true });
    await store.trip(byOperator(tenant('pushed'), { mode: 'stop_new_runs' }));
    const admitted = () => made.admit({ tenantId: 'pushed' }).allowed;
    expect(await until(() => !admitted(), SOON_MS)).toBe(true);
    await store.clear(clearing(tenant('pushed')));
    expect(await until(admitted, SOON_MS)).toBe(true);
    await redis.set(`${prefix}agent_kill_tenant:acme`, 'stop_new_runs');
    await made.refresh();
    expect(made.admit(S)).toMatchObject({ code: 'new_runs_stopped' });
  });

  test('names and modes that the daemon publishes are followed', async () => {
    const { guard, redis, prefix } = await setting({ names: { global_flag: 'halt', per_tenant_flag_prefix: 'halt:' } });
    const opened = await (await guard()).session(S);
    await redis.set(`${prefix}halt:acme`, '1');
    expect(await denied(opened, 'db.write')).toBe(true);
    await redis.set(`${prefix}halt`, 'stop_all');
    expect(await denied(opened, 'doc.read')).toBe(true);
  });

  test('an uninitialised store denies writes, model calls and new runs; reads pass (invariant 8)', async () => {
    const { guard, store } = await setting({ isBare: true });
    const made = await guard();
    const opened = await made.session(S);
    for (const verdict of [opened.check('db.write'), opened.checkModel(), made.admit(S)]) {
      expect(verdict).toMatchObject({ code: 'store_uninitialised' });
    }
    expect(opened.check('x', { kind: 'read' }).allowed).toBe(true);
    await store.initialise([], SENTINEL);
    expect(await allowed(opened, 'db.write')).toBe(true);
  });

  test('fifty sessions of five tenants: each obeys its own kill and no other', async () => {
    const { guard, store } = await setting();
    const made = await guard();
    const ids = Array.from({ length: 50 }, (_, each) => ({ tenantId: `t${each % 5}`, sessionId: `s${each}` }));
    const sessions = await Promise.all(ids.map((each) => made.session(each)));
    await Promise.all(
      ids
        .filter((_, each) => each % 2 === 0)
        .map((each) => store.trip(byOperator(session(each.tenantId, each.sessionId)))),
    );
    const answers = () => sessions.map((each) => each.check('doc.read').allowed);
    const expected = ids.map((_, each) => each % 2 === 1);
    expect(await until(() => JSON.stringify(answers()) === JSON.stringify(expected), SOON_MS)).toBe(true);
    await store.trip(byOperator(tenant('t1'), { mode: 'stop_all' }));
    expect(
      await until(
        () => sessions.every((each, i) => each.check('doc.read').allowed === (i % 2 === 1 && i % 5 !== 1)),
        SOON_MS,
      ),
    ).toBe(true);
  });

  test('a kill of an ancestor that another guard opened holds, and what is in flight is cancelled', async () => {
    const { guard, store } = await setting();
    const [parents, made] = [await guard(), await guard({ id: 'worker' })];
    await parents.session({ ...S, sessionId: 'root' });
    await parents.session({ ...S, sessionId: 'parent', parentSessionId: 'root' });
    const child = await made.session({ ...S, sessionId: 'child', parentSessionId: 'parent' });
    let aborted = false;
    const call = child.call('db.write', {}, (signal) => {
      signal.addEventListener('abort', () => (aborted = true));
      return new Promise(() => {});
    });
    call.catch(() => undefined);
    expect(await until(async () => (await inFlight(store)) === 1, SOON_MS)).toBe(true);
    await store.trip(byOperator(session('acme', 'root')));
    await expect(call).rejects.toMatchObject({ code: 'call_blocked', verdict: { scope: 'session:acme:root' } });
    expect(aborted).toBe(true);
  });
});

describe('on a Redis of its own', () => {
  test('down at the start: ready within 2 s and denying; up again: it follows, in its own time', async () => {
    const server = await startRedis();
    closing.push(() => server.stop());
    await server.kill();
    const began = performance.now();
    const made = await createGuard({ redis: server.url, cacheTtlS: 0.2, onError: () => {} });
    closing.push(() => made.close());
    expect(performance.now() - began).toBeLessThan(2_500);
    const opened = await made.session(S);
    expect(opened.check('db.write')).toMatchObject({ code: 'state_unknown' });
    expect(opened.check('x', { kind: 'read' }).allowed).toBe(true);
    await server.start();
    const { store } = await setting({ url: server.url, prefix: '' });
    expect(await allowed(opened, 'db.write')).toBe(true);
    await store.trip(byOperator(tenant('acme')));
    expect(await denied(opened, 'db.write')).toBe(true);
  });

  test('away for a while: kills stay, writes are denied once the state is stale, reads go on (invariant 11)', async () => {
    const server = await startRedis();
    closing.push(() => server.stop());
    const { guard, store } = await setting({ url: server.url, prefix: '' });
    const made = await guard({ maxStalenessMs: 1_500 });
    const [free, killed] = [await made.session(S), await made.session({ ...S, sessionId: 's2' })];
    await store.trip(byOperator(session('acme', 's2')));
    expect(await denied(killed, 'doc.read')).toBe(true);
    await server.kill();
    expect(free.check('db.write').allowed).toBe(true);
    expect(await denied(free, 'db.write')).toBe(true);
    expect(free.check('db.write')).toMatchObject({ code: 'state_stale' });
    expect(free.check('doc.read').allowed).toBe(true);
    expect(killed.check('doc.read')).toMatchObject({ code: 'session_terminated' });
    await server.start();
    expect(await allowed(free, 'db.write')).toBe(true);
    expect(killed.check('doc.read')).toMatchObject({ code: 'session_terminated' });
  });

  test('FLUSHALL lifts nothing; the next complete store gets back what the guard holds (invariant 8)', async () => {
    const server = await startRedis();
    closing.push(() => server.stop());
    const { guard, store, redis } = await setting({ url: server.url, prefix: '' });
    const made = await guard();
    const [free, killed] = [await made.session(S), await made.session({ ...S, sessionId: 's2' })];
    await store.trip(byOperator(session('acme', 's2')));
    expect(await denied(killed, 'doc.read')).toBe(true);
    await redis.flushall();
    expect(await denied(free, 'db.write')).toBe(true);
    expect(free.check('db.write')).toMatchObject({ code: 'store_uninitialised' });
    expect(killed.check('doc.read').allowed).toBe(false);
    await store.initialise([], SENTINEL);
    expect(await allowed(free, 'db.write')).toBe(true);
    expect(killed.check('doc.read').allowed).toBe(false);
    expect(await redis.get('agent_kill_session:acme:s2')).toBe('stop_all');
    expect(await redis.hgetall('agent_session:s1')).toEqual({ acme: '' });
  });

  test('a password that is wrong denies, and says what to do (invariant 12)', async () => {
    const running = await startRedis();
    closing.push(() => running.stop());
    const admin = new Redis(running.url, { protocol: 2 });
    await admin.config('SET', 'requirepass', 'right');
    admin.disconnect();
    const url = running.url.replace('redis://', 'redis://:wrong@');
    const made = await createGuard({ redis: url, cacheTtlS: 0.2, onError: () => {} });
    closing.push(() => made.close());
    const opened = await made.session(S);
    expect(opened.check('db.write')).toMatchObject({
      code: 'guard_error',
      reason: expect.stringContaining('refuses us'),
    });
    expect(JSON.stringify(opened.check('db.write'))).not.toContain('wrong');
  });
});

test('events reach Kafka, keyed by tenant and in order', async () => {
  const { guard, store } = await setting();
  const name = unique('events');
  const topics = { events: name, audit: `${name}.a`, kill_state: `${name}.k`, dead_letter: `${name}.d` };
  const clock = { now: () => Date.now() };
  const log = new KafkaEventLog({ brokers: kafkaBrokers(), groupId: name, topics, clock, log: () => {} });
  closing.push(() => log.close());
  await log.ensureTopics();
  const events = kafkaSink({ brokers: kafkaBrokers(), topic: name, onError: () => {} });
  const made = await guard({ events });
  const opened = await made.session(S);
  expect(await opened.call('doc.read', { id: 1 }, () => 'text')).toBe('text');
  await store.trip(byOperator(tenant('acme')));
  expect(await denied(opened, 'db.write')).toBe(true);
  await opened.call('db.write', {}, () => 1).catch(() => undefined);
  expect(await events.flush(20_000)).toBe(true);
  const found: [string, ValidEvent][] = [];
  await log.readAll(name, ({ key, value }) => {
    found.push([Buffer.from(key ?? []).toString(), JSON.parse(Buffer.from(value ?? []).toString()) as ValidEvent]);
  });
  expect(found.map(([key, { phase, status }]) => [key, phase ?? null, status ?? null])).toEqual([
    ['acme', 'call', null],
    ['acme', 'result', 'ok'],
    ['acme', null, 'blocked'],
  ]);
  expect(made.state.eventsDropped).toBe(0);
});

function scopeOf(opened: GuardSession): string | null {
  const verdict = opened.check('doc.read');
  return verdict.allowed ? null : verdict.scope;
}

async function inFlight(store: KillStore): Promise<number> {
  return (await store.guards()).reduce((sum, each) => sum + each.in_flight, 0);
}
