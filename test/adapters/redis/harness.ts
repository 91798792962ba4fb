import { Redis } from 'ioredis';
import { RedisKillStore } from '../../../src/adapters/redis/kill-store.ts';
import { DEFAULT_NAMES } from '../../../src/killswitch/keys.ts';
import type { ByHand, Harness, HarnessOptions } from '../../conformance/kill-store/harness.ts';
import { unique } from '../../services/context.ts';

export interface RedisHarness extends Harness {
  readonly redis: Redis;
  readonly prefix: string;
}

/** A kill store under a prefix of its own in that Redis, with a client beside it that is somebody's redis-cli. */
export async function redisHarness(url: string, options: HarnessOptions = {}): Promise<RedisHarness> {
  const prefix = `${unique('kill')}*:`;
  const redis = new Redis(url, { protocol: 2, maxRetriesPerRequest: 1 });
  redis.on('error', () => {});
  let offset = 0;
  const store = new RedisKillStore({
    ...{ url, names: { ...DEFAULT_NAMES, key_prefix: prefix }, modeWhenEnabled: 'disable_writes' },
    // The machine that runs tests is busy.
    ...{ commandTimeoutMs: 10_000, clockOffsetMs: () => offset, ...options },
  });
  const wipe = async () => {
    const keys = await redis.keys(`${prefix.replace('*', '\\*')}*`);
    if (keys.length > 0) await redis.del(keys);
  };
  return {
    redis,
    prefix,
    store,
    byHand: redisByHand(redis, prefix),
    advance: (ms) => {
      offset += ms;
    },
    wipe,
    close: async () => {
      await store.close();
      await wipe().catch(() => undefined);
      redis.disconnect();
    },
  };
}

function redisByHand(redis: Redis, prefix: string): ByHand {
  return {
    set: async (key, text, expiry) => {
      await (expiry === undefined ? redis.set(prefix + key, text) : redis.set(prefix + key, text, 'PX', expiry.px));
    },
    // Redis refuses to read what is of another type: nothing that we could mean stands there.
    get: (key) => redis.get(prefix + key).catch(() => null),
    px: async (key) => {
      const px = await redis.pttl(prefix + key);
      return px < 0 ? null : px;
    },
    del: async (key) => {
      await redis.del(prefix + key);
    },
    sadd: async (key, member) => {
      await redis.sadd(prefix + key, member);
    },
    srem: async (key, member) => {
      await redis.srem(prefix + key, member);
    },
    members: (key) => redis.smembers(prefix + key).catch(() => []),
    wrongType: async (key) => {
      await redis.del(prefix + key);
      await redis.rpush(prefix + key, 'a', 'list');
    },
  };
}
