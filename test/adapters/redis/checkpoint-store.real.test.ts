import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RedisCheckpointStore } from '../../../src/adapters/redis/checkpoint-store.ts';
import { connectRedis } from '../../../src/adapters/redis/connect.ts';
import { checkpointStoreConformance } from '../../conformance/checkpoint-store.ts';
import { redisUrl, unique } from '../../services/context.ts';

function open(prefix: string, reports: string[] = []): RedisCheckpointStore {
  return new RedisCheckpointStore(connectRedis(redisUrl()), prefix, (message) => reports.push(message));
}

async function removeKeys(client: Redis, prefix: string): Promise<void> {
  const keys = await client.keys(`${prefix}*`);
  if (keys.length > 0) await client.unlink(keys);
}

checkpointStoreConformance('Redis', async () => {
  const prefix = `${unique('checkpoint')}:`;
  return {
    open: async () => open(prefix),
    dispose: async () => {
      const client = new Redis(redisUrl());
      await removeKeys(client, prefix);
      client.disconnect();
    },
  };
});

describe('checkpoint store on Redis', () => {
  const log = 'cluster/agent.tool-calls';
  let prefix: string;
  let client: Redis;
  let store: RedisCheckpointStore;
  let reports: string[];

  beforeEach(() => {
    prefix = `${unique('checkpoint')}:`;
    client = new Redis(redisUrl());
    reports = [];
    store = open(prefix, reports);
  });

  afterEach(async () => {
    await store.close();
    await removeKeys(client, prefix);
    client.disconnect();
  });

  function save(epoch: number, offset: number): Promise<boolean> {
    return store.save({ log, partition: 0, epoch, offset }, [Buffer.from('a'), Buffer.from('b')]);
  }

  async function chunkKeys(): Promise<string[]> {
    return (await client.keys(`${prefix}*`)).filter((key) => /-[0-9a-f]{12}:\d$/.test(key)).sort();
  }

  test('a checkpoint with a missing chunk is none, and that is reported', async () => {
    await save(await store.begin(log, 0), 1);
    const [, chunk] = await chunkKeys();
    await client.del(chunk ?? '');
    expect(await store.load(log, 0)).toBeNull();
    expect(reports).toEqual([expect.stringContaining('damaged')]);
  });

  test('a checkpoint of the wrong length is none, and that is reported', async () => {
    await save(await store.begin(log, 0), 1);
    const [, chunk] = await chunkKeys();
    await client.append(chunk ?? '', 'more');
    expect(await store.load(log, 0)).toBeNull();
    expect(reports).toEqual([expect.stringContaining('damaged')]);
  });

  test('only the chunks of the newest checkpoint stay, and they do not expire', async () => {
    const epoch = await store.begin(log, 0);
    for (let offset = 1; offset <= 4; offset++) await save(epoch, offset);
    expect(await save(epoch, 2)).toBe(false);
    const chunks = await chunkKeys();
    expect(chunks).toHaveLength(2);
    for (const chunk of chunks) expect(await client.pttl(chunk)).toBe(-1);
  });

  test('what a save left that never came to its end expires by itself', async () => {
    const epoch = await store.begin(log, 0);
    const dying = open(prefix);
    const saving = dying.save({ log, partition: 0, epoch, offset: 1 }, [
      Buffer.from('a'),
      Buffer.alloc(1024 * 1024 + 1),
    ]);
    await expect(saving).rejects.toThrow('more than');
    await dying.close();
    const [leftover] = await chunkKeys();
    expect(await client.pttl(leftover ?? '')).toBeGreaterThan(0);
    expect(await store.load(log, 0)).toBeNull();
  });

  test('after a loss of the store its owner goes on, and a zombie that came first is refused from then on', async () => {
    const zombie = await store.begin(log, 0);
    const owner = await store.begin(log, 0);
    await removeKeys(client, prefix);
    expect(await save(zombie, 100)).toBe(true);
    expect(await save(owner, 50)).toBe(true);
    expect(await save(zombie, 101)).toBe(false);
    expect((await store.load(log, 0))?.epoch).toBe(owner);
  });

  test('a Redis that is not there is said in one retryable sentence', async () => {
    const away = new RedisCheckpointStore(connectRedis('redis://127.0.0.1:1'), prefix, () => {});
    await expect(away.begin(log, 0)).rejects.toMatchObject({ code: 'store_unavailable', retryable: true });
    await away.close();
  });
});
