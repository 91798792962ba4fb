import { describe, expect, test } from 'vitest';
import { FetchBodies } from '../../../src/adapters/kafka/fetch-bodies.ts';
import { Hold } from '../../../src/adapters/kafka/hold.ts';
import { MemoryPool } from '../../../src/adapters/kafka/memory-pool.ts';

describe('memory that is used again', () => {
  test('what was given back serves the next that fits in it, once', () => {
    const pool = new MemoryPool();
    const first = pool.take(100_000);
    pool.give(first.subarray(8));
    pool.give(first);
    const second = pool.take(90_000);
    expect([second.buffer === first.buffer, second.length]).toEqual([true, 90_000]);
    expect(pool.take(90_000).buffer).not.toBe(first.buffer);
  });

  test('memory of somebody else is never lent', () => {
    const pool = new MemoryPool();
    const foreign = Buffer.from('small buffers share their memory');
    pool.give(foreign);
    expect(pool.take(8).buffer).not.toBe(foreign.buffer);
  });

  test('more than a few blocks are not kept, the largest are', () => {
    const pool = new MemoryPool();
    const blocks = [1, 2, 3, 4, 5, 6].map((mib) => pool.take(mib << 20));
    for (const block of blocks) pool.give(block);
    const kept = [1, 2, 3, 4, 5].map(() => pool.take(1).buffer.byteLength >> 20);
    expect(kept).toEqual([3, 4, 5, 6, 1]);
  });

  test('a giant is not kept', () => {
    const pool = new MemoryPool();
    const giant = pool.take(33 << 20);
    pool.give(giant);
    expect(pool.take(33 << 20).buffer).not.toBe(giant.buffer);
  });
});

describe('what several hold', () => {
  test('is released when the last lets go, and once', () => {
    let released = 0;
    const hold = new Hold(() => released++);
    const [one, two] = [hold.keep(), hold.keep()];
    one();
    hold.drop();
    expect(released).toBe(0);
    two();
    expect(released).toBe(1);
  });
});

describe('bodies on their way past kafkajs', () => {
  test('a token stands for its body, once; anything else is a body itself', () => {
    const bodies = new FetchBodies();
    const [one, two] = [bodies.open(), bodies.open()];
    const body = Buffer.from('records');
    const token = bodies.put(one, body);
    expect(bodies.take(Buffer.from('other'))).toEqual(Buffer.from('other'));
    expect(bodies.take(bodies.put(two, Buffer.from('two')))).toEqual(Buffer.from('two'));
    expect(bodies.take(token)).toBe(body);
    expect(() => bodies.take(token)).toThrow('is gone');
  });

  test('the body of a request that timed out goes with the next one, or with its socket', () => {
    const bodies = new FetchBodies();
    const socket = bodies.open();
    bodies.put(socket, Buffer.from('late'));
    const token = bodies.put(socket, Buffer.from('next'));
    expect(bodies.take(token)).toEqual(Buffer.from('next'));
    bodies.put(socket, Buffer.from('last'));
    bodies.close(socket);
    expect(() => bodies.take(token)).toThrow('is gone');
  });
});
