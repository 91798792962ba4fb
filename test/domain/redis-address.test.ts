import { describe, expect, test } from 'vitest';
import { hasHashTag, parseRedisAddress } from '../../src/domain/redis-address.ts';

const NOBODY = { username: undefined, password: undefined };

describe('the address of a Redis', () => {
  test.each([
    ['redis://h', { kind: 'server', tls: false, hosts: [{ host: 'h', port: 6_379 }], ...NOBODY, name: '', db: 0 }],
    ['redis://h:1/', { kind: 'server', tls: false, hosts: [{ host: 'h', port: 1 }], ...NOBODY, name: '', db: 0 }],
    [
      'rediss://u:p%40:x@redis.local:7000/2',
      {
        ...{ kind: 'server', tls: true, hosts: [{ host: 'redis.local', port: 7_000 }] },
        ...{ username: 'u', password: 'p@:x', name: '', db: 2 },
      },
    ],
    [
      'redis+sentinel://:pw@[::1]:1,b/ma%2Fin@x/3',
      {
        ...{ kind: 'sentinel', tls: false },
        hosts: [
          { host: '::1', port: 1 },
          { host: 'b', port: 26_379 },
        ],
        ...{ username: undefined, password: 'pw', name: 'ma/in@x', db: 3 },
      },
    ],
    [
      'rediss+cluster://a:1,b:2',
      {
        ...{ kind: 'cluster', tls: true, ...NOBODY, name: '', db: 0 },
        hosts: [
          { host: 'a', port: 1 },
          { host: 'b', port: 2 },
        ],
      },
    ],
  ])('says kind, hosts, login, name and database: %s', (text, address) => {
    expect(parseRedisAddress(text)).toEqual(address);
  });

  test.each([
    ...['', 'h', 'http://h', 'redis://', 'redis://a:b:c', 'redis://a b', 'redis://h/x', 'redis://h:1/2/3'],
    ...['redis://h,', 'redis://[::1', 'redis://h:70000', 'redis://h?password=x', 'redis://:x', 'redis+other://h'],
    ...['redis+sentinel://h:1', 'redis+sentinel://h:1/', 'redis+sentinel://h/%zz', 'redis://u:%zz@h', 'redis://%ff@h'],
  ])('is null for what is none: %s', (text) => {
    expect(parseRedisAddress(text)).toBeNull();
  });
});

test.each([
  ['{a}', true],
  ['x{a}y{}', true],
  ['{{a}', true],
  ['x{}{a}', false],
  ['{a', false],
  ['a}{', false],
  ['', false],
])('only what stands between the first { and the next } shares a slot: "%s"', (prefix, isShared) => {
  expect(hasHashTag(prefix)).toBe(isShared);
});
