import { expect, onTestFinished, test } from 'vitest';
import { RedisKillStore } from '../../../src/adapters/redis/kill-store.ts';
import { DEFAULT_NAMES } from '../../../src/killswitch/keys.ts';

function placeOf(url: string, key_prefix = ''): string {
  const names = { ...DEFAULT_NAMES, key_prefix };
  const store = new RedisKillStore({ url, names, modeWhenEnabled: 'disable_writes' });
  onTestFinished(() => store.close());
  return store.place;
}

test.each([
  ['redis://127.0.0.1:1/3', 'redis://127.0.0.1:1/3'],
  ['redis://127.0.0.1:1/0', 'redis://127.0.0.1:1'],
  ['redis://127.0.0.1:1', 'redis://127.0.0.1:1'],
  ['redis+sentinel://127.0.0.1:1/main/3', 'redis+sentinel://127.0.0.1:1/main/3'],
])('two databases of one server are two stores, so the number is a part of the name: %s', (url, place) => {
  expect(placeOf(url)).toBe(place);
});

test('two prefixes of keys are two stores, so the prefix is a part of the name', () => {
  expect(placeOf('redis://127.0.0.1:1/3', 'mine:')).toBe('redis://127.0.0.1:1/3 (keys mine:…)');
});
