import { Redis } from 'ioredis';
import { afterEach, describe, expect, test } from 'vitest';
import { RedisKillStore, type RedisKillStoreOptions } from '../../../src/adapters/redis/kill-store.ts';
import type { ScopedState } from '../../../src/domain/kill-state.ts';
import { DEFAULT_NAMES } from '../../../src/killswitch/keys.ts';
import {
  applied,
  byOperator,
  clearing,
  GLOBAL,
  SENTINEL,
  session,
  tenant,
  tool,
  verdictOf,
} from '../../conformance/kill-store/harness.ts';
import { until } from '../../services/poll.ts';
import { freePorts } from '../../services/ports.ts';
import { type RedisServer, startRedis } from '../../services/redis.ts';

/** Private servers: what only shows when the server itself is full, closed, gone, hanging or a Cluster. */

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function server(...args: readonly string[]): Promise<RedisServer> {
  const redis = await startRedis({ args });
  cleanUps.push(redis.stop);
  return redis;
}

function storeAt(url: string, options: Partial<RedisKillStoreOptions> = {}): RedisKillStore {
  const store = new RedisKillStore({ url, names: DEFAULT_NAMES, modeWhenEnabled: 'disable_writes', ...options });
  cleanUps.push(() => store.close());
  return store;
}

function cli(url: string): Redis {
  const client = new Redis(url, { protocol: 2, maxRetriesPerRequest: 1 });
  client.on('error', () => {});
  cleanUps.push(() => client.disconnect());
  return client;
}

async function failure(promise: Promise<unknown>): Promise<{ code?: string; retryable?: boolean; message: string }> {
  return promise.then(
    () => Promise.reject(new Error('expected a failure')),
    (error) => error,
  );
}

const NOTHING = { sinceVersion: 0, tenants: [], sessions: [] };

describe('a full store', () => {
  test('under noeviction never refuses a kill, a restore, a report or a reading', async () => {
    const { url } = await server('--maxmemory', '4mb');
    const store = storeAt(url, { commandTimeoutMs: 10_000 });
    await store.initialise([], SENTINEL);
    const client = cli(url);
    const filling = (async () => {
      for (let each = 0; ; each += 1) await client.set(`filler:${each}`, 'x'.repeat(50_000));
    })();
    expect((await failure(filling)).message).toContain('OOM');

    expect(verdictOf(await store.trip(byOperator(GLOBAL)))).toBe('applied');
    const now = (await store.time()) + 1;
    const automation = { evidenceAppendedAt: now, limits: [], escalation: null };
    expect(verdictOf(await store.trip(byOperator(session('acme', 's'), { automation })))).toBe('applied');
    expect(verdictOf(await store.trip(byOperator(tool(null, 'x'))))).toBe('applied');
    expect(verdictOf(await store.clear(clearing(GLOBAL)))).toBe('applied');
    await store.acknowledgeGuard({ id: 'g', version: 1, epoch: null, in_flight: 0, at: 0 });
    await store.registerSession('acme', 's', null);
    expect(await store.lease('relay', 1_000)).toBe(true);
    expect(await store.entries(null, 10)).toHaveLength(4);
    expect((await store.poll(NOTHING)).changes).toHaveLength(3);
    expect(await client.get('agent_kill_session:acme:s')).toBe('stop_all');
  });
});

test('FLUSHALL and one new kill leave a store without an epoch, whose version is greater', async () => {
  const { url } = await server();
  const store = storeAt(url);
  await store.initialise([], SENTINEL);
  const before = applied(await store.trip(byOperator(tenant('a'))));
  await cli(url).flushall();
  await store.trip(byOperator(tenant('b')));
  const answer = await store.poll(NOTHING);
  expect(answer.epoch).toBeNull();
  expect(answer.version).toBeGreaterThan(before.version);
  expect(
    verdictOf(
      await store.trip(
        byOperator(tenant('c'), { automation: { evidenceAppendedAt: before.at, limits: [], escalation: null } }),
      ),
    ),
  ).toBe('store_uninitialised');
});

describe('a server that refuses us', () => {
  test('for a wrong, a missing or an unnecessary password says so for good, without the password', async () => {
    const { url: open, port } = await server();
    await cli(open).config('SET', 'requirepass', 'right');
    for (const url of [
      `redis://:wr0ng@127.0.0.1:${port}`,
      `redis://127.0.0.1:${port}`,
      `redis://eve:wr0ng@127.0.0.1:${port}`,
    ]) {
      const error = await failure(storeAt(url).time());
      expect(error).toMatchObject({ code: 'store_rejected', retryable: false });
      expect(error.message).toContain(`127.0.0.1:${port}`);
      expect(error.message).not.toContain('wr0ng');
    }
    expect(await storeAt(`redis://:right@127.0.0.1:${port}`).time()).toBeGreaterThan(0);
  });

  test('for a user without permission says so', async () => {
    const { url, port } = await server();
    await cli(url).acl('SETUSER', 'reader', 'on', '>pw', '~*', '+get', '+info', '+hello');
    const error = await failure(storeAt(`redis://reader:pw@127.0.0.1:${port}`).trip(byOperator(GLOBAL)));
    expect(error).toMatchObject({ code: 'store_rejected', retryable: false });
  });
});

describe('a server that is away', () => {
  test('fails every call within about a second, retryable, and says where', async () => {
    const [port = 0] = await freePorts(1);
    const store = storeAt(`redis://user:secret@127.0.0.1:${port}`);
    for (const call of [() => store.time(), () => store.trip(byOperator(GLOBAL)), () => store.subscribe(() => {})]) {
      const began = performance.now();
      const error = await failure(call());
      expect(error).toMatchObject({ code: 'store_unavailable', retryable: true });
      expect(error.message).toContain(`redis://127.0.0.1:${port}`);
      expect(error.message).not.toContain('secret');
      expect(performance.now() - began).toBeLessThan(2_500);
    }
  });

  test('or hangs, likewise', async () => {
    const redis = await server();
    const store = storeAt(redis.url);
    await store.time();
    process.kill(redis.pid() as number, 'SIGSTOP');
    cleanUps.push(() => process.kill(redis.pid() as number, 'SIGCONT'));
    const began = performance.now();
    expect(await failure(store.poll(NOTHING))).toMatchObject({ code: 'store_unavailable', retryable: true });
    expect(performance.now() - began).toBeLessThan(2_500);
  });

  test('and comes back is used again without anybody’s help, and a subscriber is told that it may have missed something', async () => {
    const redis = await server();
    const store = storeAt(redis.url);
    const heard: (ScopedState | null)[] = [];
    await store.subscribe((change) => heard.push(change));
    await store.trip(byOperator(tenant('a')));
    expect(await until(() => heard.length === 1, 5_000)).toBe(true);
    await redis.kill();
    expect(await failure(store.trip(byOperator(GLOBAL)))).toMatchObject({ code: 'store_unavailable' });
    await redis.start();
    expect(await until(async () => (await store.time()) > 0, 10_000)).toBe(true);
    expect(await until(() => heard.at(-1) === null, 10_000)).toBe(true);
    const state = applied(await store.trip(byOperator(tenant('b'))));
    expect(await until(() => heard.at(-1)?.scope === 'tenant:b', 5_000)).toBe(true);
    expect(heard.at(-1)?.state).toEqual(state);
    expect((await store.read([tenant('a')]))[0]?.state?.mode).toBe('disable_writes');
  });
});

describe('a Cluster', () => {
  test('keeps the kill state in one slot, by the hash tag of its prefix', async () => {
    const redis = await server('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1');
    const client = cli(redis.url);
    await client.cluster('ADDSLOTSRANGE', 0, 16_383);
    expect(await until(async () => /cluster_state:ok/.test(String(await client.cluster('INFO'))), 10_000)).toBe(true);
    const url = redis.url.replace('redis:', 'redis+cluster:');
    const store = storeAt(url, { names: { ...DEFAULT_NAMES, key_prefix: '{sentinel}' } });
    await store.initialise([], SENTINEL);
    const heard: (ScopedState | null)[] = [];
    await store.subscribe((change) => heard.push(change));
    expect(verdictOf(await store.trip(byOperator(session('acme', 's'))))).toBe('applied');
    await client.set('{sentinel}agent_kill_tenant:acme', '1');
    expect((await store.adoptAll(SENTINEL)).map((each) => each.scope)).toEqual(['tenant:acme']);
    expect((await store.poll(NOTHING)).changes).toHaveLength(2);
    expect(await until(() => heard.length === 2, 5_000)).toBe(true);
  });

  test('refuses a wrong password as one server does', async () => {
    const redis = await server('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1');
    const url = `redis+cluster://eve:wr0ng@127.0.0.1:${redis.port}`;
    const store = storeAt(url, { names: { ...DEFAULT_NAMES, key_prefix: '{sentinel}' } });
    expect(await failure(store.time())).toMatchObject({
      code: 'store_rejected',
      retryable: false,
      message: expect.stringMatching(/refuses us \(WRONGPASS\)/),
    });
  });

  test('without a hash tag is refused before anything is written', () => {
    expect(() => storeAt('redis+cluster://127.0.0.1:1')).toThrow(/hash tag/);
  });
});

describe('an address', () => {
  test.each([
    ['redis://127.0.0.1', 'redis://127.0.0.1:6379'],
    ['rediss://u:p%40@redis.local:7000/2', 'rediss://redis.local:7000/2'],
    ['redis://h:1/0', 'redis://h:1'],
    ['redis://[::1]:7000', 'redis://[::1]:7000'],
    ['redis+sentinel://:pw@a:1,b/main/3', 'redis+sentinel://a:1,b:26379/main/3'],
  ])('%s is shown as %s', (url, place) => {
    expect(storeAt(url).place).toBe(place);
  });

  test.each(['', 'http://x', 'redis://', 'redis://a:b:c', 'redis://h/x', 'redis+sentinel://h:1', 'redis://u:%zz@h'])(
    'that is none (%j) is a configuration error that repeats no secret',
    (url) => {
      expect(() => storeAt(url)).toThrow(expect.objectContaining({ code: 'config_invalid' }));
      expect(() => storeAt(url)).not.toThrow(/%zz/);
    },
  );
});
