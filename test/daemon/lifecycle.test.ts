import { describe, expect, test } from 'vitest';
import { Lifecycle } from '../../src/daemon/lifecycle.ts';

function setup(withinMs = 1_000) {
  const done: string[] = [];
  const failures: string[] = [];
  const life = new Lifecycle((name, message) => void failures.push(`${name}: ${message}`), withinMs);
  const add = (name: string) => life.add(name, () => void done.push(name));
  return { life, add, done, failures };
}

describe('stopping', () => {
  test('runs every clean-up once, last in first out, however often it is asked for', async () => {
    const { life, add, done } = setup();
    for (const name of ['a', 'b', 'c']) add(name);
    await Promise.all([life.stop(), life.stop()]);
    await life.stop();
    expect(done).toEqual(['c', 'b', 'a']);
  });

  test('goes on after a clean-up that fails or hangs, and says so', async () => {
    const { life, add, done, failures } = setup(20);
    add('a');
    life.add('broken', () => Promise.reject(new Error('no')));
    life.add('hangs', () => new Promise(() => {}));
    add('d');
    await life.stop();
    expect(done).toEqual(['d', 'a']);
    expect(failures).toEqual(['hangs: not done after 20 ms: given up', 'broken: no']);
  });

  test('stops what is started during or after it, too', async () => {
    const { life, add, done } = setup();
    life.add('slow', async () => {
      add('meanwhile');
      done.push('slow');
    });
    await life.stop();
    add('later');
    await life.stop();
    expect(done).toEqual(['slow', 'meanwhile', 'later']);
  });
});
