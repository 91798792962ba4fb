import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RedisKillStore } from '../../../src/adapters/redis/kill-store.ts';
import { DEFAULT_NAMES } from '../../../src/killswitch/keys.ts';
import { byOperator, SENTINEL, session, tenant, verdictOf } from '../../conformance/kill-store/harness.ts';
import { until } from '../../services/poll.ts';
import { freePorts } from '../../services/ports.ts';
import { startRedis } from '../../services/redis.ts';
import { type RedisSentinel, type RedisSentinelOptions, startRedisSentinel } from '../../services/sentinel.ts';

/** Redis behind Sentinels: who is the primary is theirs to say. */

let cleanUps: (() => unknown)[];
beforeEach(() => {
  cleanUps = [];
});
afterEach(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
});

function storeAt(url: string): RedisKillStore {
  const store = new RedisKillStore({ url, names: DEFAULT_NAMES, modeWhenEnabled: 'disable_writes' });
  cleanUps.push(() => store.close());
  return store;
}

async function redisServer(...args: readonly string[]) {
  const redis = await startRedis({ args });
  cleanUps.push(redis.stop);
  return redis;
}

async function sentinelOf(options: RedisSentinelOptions): Promise<RedisSentinel> {
  const sentinel = await startRedisSentinel(options);
  cleanUps.push(sentinel.stop);
  return sentinel;
}

test('when the primary dies, the kill state is read and changed at the one that Sentinel names next', async () => {
  const primary = await redisServer('--repl-diskless-sync-delay', '0');
  const replica = await redisServer('--replicaof', '127.0.0.1', String(primary.port));
  const copy = new Redis(replica.url);
  cleanUps.push(() => copy.disconnect());
  expect(await until(async () => /master_link_status:up/.test(await copy.info('replication')), 20_000)).toBe(true);
  const { port } = await sentinelOf({ primary: primary.port });
  const [nobody] = await freePorts(1);
  const store = storeAt(`redis+sentinel://127.0.0.1:${nobody},127.0.0.1:${port}/main`);
  await store.initialise([], SENTINEL);
  const heard: string[] = [];
  await store.subscribe((change) => void heard.push(change?.scope ?? 'missed'));
  expect(verdictOf(await store.trip(byOperator(session('acme', 's'))))).toBe('applied');
  // What a replica has not got yet is lost with its primary: that is Redis, and not what is tested.
  expect(await until(async () => (await copy.get('agent_kill_session:acme:s')) === 'stop_all', 10_000)).toBe(true);

  await primary.kill();
  const change = async () => verdictOf(await store.trip(byOperator(tenant('acme')))) === 'applied';
  expect(await until(change, 40_000)).toBe(true);
  expect((await store.read([session('acme', 's')]))[0]?.state?.mode).toBe('stop_all');
  expect(await until(() => heard.includes('missed'), 10_000)).toBe(true);
});

describe('what is wrong with Sentinels is told, and tried again', () => {
  test.each([
    [
      'a primary that they do not know',
      (port: number) => `127.0.0.1:${port}/other`,
      /\(ERR No such master with that name\)/,
    ],
    ['none that answers', () => '127.0.0.1:1/main', /no Sentinel can be talked to \(is one there, and without TLS\?\)/],
  ])('%s', async (_, place, sentence) => {
    const { port } = await redisServer();
    const sentinel = await sentinelOf({ primary: port });
    const error = await storeAt(`redis+sentinel://${place(sentinel.port)}`)
      .time()
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: 'store_unavailable',
      retryable: true,
      message: expect.stringMatching(sentence),
    });
  });
});
