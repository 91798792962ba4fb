import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectRedis } from '../../src/adapters/redis/connect.ts';
import { DEFAULT_CONFIG } from '../../src/daemon/config/config.ts';
import { loadConfig } from '../../src/daemon/config/load.ts';
import { isSentinelError } from '../../src/domain/errors.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sentinel-config-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function write(text: string): string {
  const file = join(dir, 'sentinel.yaml');
  writeFileSync(file, text);
  return file;
}

function messageFor(text: string, env: Record<string, string> = {}, withFiles = false): string {
  try {
    loadConfig({ file: write(text), env, withFiles });
  } catch (error) {
    if (isSentinelError(error)) return error.message.replaceAll(`${dir}/`, '');
    throw error;
  }
  return 'accepted';
}

describe('configuration', () => {
  it('is the embedded default where nothing is said', () => {
    expect(loadConfig({ file: write('{}'), env: {} })).toEqual(DEFAULT_CONFIG);
  });

  it('takes flags over environment over file over defaults', () => {
    const file = write('http: {port: 1}\nrules: {dir: a}\nlog: {level: warn}\n');
    const config = loadConfig({
      file,
      env: { SENTINEL_HTTP_PORT: '2', SENTINEL_RULES: 'b' },
      flags: [{ flag: '--port', path: 'http.port', text: '3' }],
    });
    expect(config).toMatchObject({ http: { host: '127.0.0.1', port: 3 }, rules: { dir: 'b' }, log: { level: 'warn' } });
  });

  it('refuses a flag with an empty value, and takes an empty variable as one that is not set', () => {
    const file = write('{}');
    const flag = (text: string) => [{ flag: '--redis-url', path: 'redis.url', text }];
    for (const text of ['', '  '])
      expect(() => loadConfig({ file, env: {}, flags: flag(text) })).toThrow(
        /^--redis-url:1:1: the value is empty, expected one: set the variable that it comes from, or leave the flag out$/,
      );
    expect(() => loadConfig({ file: '', env: {} })).toThrow(/^--config:1:1: the value is empty/);
    expect(loadConfig({ file, env: { REDIS_URL: '', SENTINEL_DIR: '' } })).toEqual(DEFAULT_CONFIG);
  });

  it('reads Kafka and Redis from two variables', () => {
    const config = loadConfig({
      file: write('{}'),
      env: { KAFKA_BROKERS: 'a:1, b:2', REDIS_URL: 'redis://127.0.0.1:6379' },
    });
    expect(config.kafka?.brokers).toEqual(['a:1', 'b:2']);
    expect(config.redis).toEqual({ url: 'redis://127.0.0.1:6379', keyPrefix: '' });
  });

  it('keeps what the file says about Kafka when the brokers come from the environment', () => {
    const config = loadConfig({
      file: write('kafka: {brokers: [x:1], group_id: mine}\nredis: embedded\n'),
      env: { KAFKA_BROKERS: 'a:1' },
    });
    expect(config.kafka).toMatchObject({ brokers: ['a:1'], groupId: 'mine' });
  });

  it('merges limits one by one', () => {
    const { limits } = loadConfig({
      file: write('responder: {limits: {session_kills: {max: 7, per: 2m}}}'),
      env: {},
    }).responder;
    expect(limits).toEqual({ ...DEFAULT_CONFIG.responder.limits, sessionKills: { max: 7, perMs: 120_000 } });
  });

  describe.each([
    [
      'an unknown key',
      'htttp: {port: 1}',
      /^sentinel\.yaml:1:1: the configuration has the unknown key "htttp", did you mean http\?$/,
    ],
    ['a wrong value', 'http:\n  port: high\n', /^sentinel\.yaml:2:9: http.port is "high", expected a port/],
    ['what is no YAML', 'http: {port', /^sentinel\.yaml:1:\d+: not readable as YAML/],
    ['Kafka without Redis', 'kafka: {brokers: [a:1]}', /Kafka is configured and Redis is not: set redis\.url/],
    ['Redis without Kafka', 'redis: {url: "redis://h"}', /Redis is configured and Kafka is not/],
    [
      'a wrong URL',
      'redis: {url: http://h}\nkafka: embedded',
      /^sentinel\.yaml:1:14: redis.url is no address of a Redis, expected redis:/,
    ],
    [
      'a Cluster without a hash tag',
      'redis: {url: "redis+cluster://h"}\nkafka: embedded',
      /^sentinel\.yaml:1:14: redis\.url names a Cluster, expected a hash tag such as "\{sentinel\}" as redis\.key_prefix$/,
    ],
    [
      'a flag that is a key of ours',
      'kill_switch: {global_flag: agent_kill_index}',
      /^sentinel\.yaml:1:28: kill_switch\.global_flag is "agent_kill_index", which meets our own key agent_kill_index, /,
    ],
    [
      'a flag that is another flag',
      'kill_switch: {per_tenant_flag_prefix: agent_kill_global}',
      /^sentinel\.yaml:1:39: kill_switch\.per_tenant_flag_prefix is "agent_kill_global", which meets kill_switch\.global_flag \("agent_kill_global"\)/,
    ],
  ])('%s', (_case, text, expected) => {
    it('is one clear sentence with its place', () => {
      expect(messageFor(text)).toMatch(expected);
    });
  });

  it('names the variable that is wrong, not the file', () => {
    expect(messageFor('{}', { SENTINEL_HTTP_PORT: 'x' })).toMatch(
      /^SENTINEL_HTTP_PORT:1:1: http\.port is "x", expected a port/,
    );
  });

  it('points at what is said where something else is missing: in the file, or at the variable', () => {
    expect(messageFor('log: {level: info}\nkafka: {brokers: [a:1]}')).toMatch(
      /^sentinel\.yaml:2:8: Kafka is configured/,
    );
    expect(messageFor('{}', { KAFKA_BROKERS: 'a:1' })).toMatch(/^KAFKA_BROKERS:1:1: Kafka is configured/);
  });

  it.each([
    'redis://h',
    'rediss://u:p%40@redis.local:7000/2',
    'redis://:pw@[::1]:7000',
    'redis+sentinel://:pw@a:1,b/main/3',
    'rediss+sentinel://a/main',
  ])('takes the address of a Redis in every form: %s', (url) => {
    expect(messageFor(`redis: {url: "${url}"}\nkafka: embedded`)).toBe('accepted');
  });

  it.each([
    'redis://',
    'redis://a:b:c',
    'redis://h/x',
    'redis://h:1/2/3',
    'redis+sentinel://h:1',
    'redis://u:%zz@h',
    'redis://a b',
    'redis://h:70000',
  ])('refuses what connecting would refuse: %s', (url) => {
    expect(messageFor(`redis: {url: "${url}"}\nkafka: embedded`)).toMatch(/^sentinel\.yaml:1:14: redis\.url is /);
    expect(() => connectRedis(url)).toThrow(/^redis\.url is no address of a Redis, expected redis:/);
  });

  it.each(['redis://u:hush@h:x', 'redis://:hush', 'redis://h?password=hush', 'hush'])(
    'never shows what is no address, as a password may stand in it: %s',
    (url) => {
      for (const redis of [`{url: "${url}"}`, `"${url}"`]) {
        const message = messageFor(`redis: ${redis}\nkafka: embedded`);
        expect(message).toMatch(/^sentinel\.yaml:1:\d+: redis(\.url is no address of a Redis| is a text), expected /);
        expect(message).not.toContain('hush');
      }
    },
  );

  it('allows one of the two to be embedded by name', () => {
    expect(messageFor('kafka: {brokers: [a:1]}\nredis: embedded')).toBe('accepted');
  });

  it('says where a PEM file is named that cannot be read, for whoever starts with it', () => {
    const text = 'redis: embedded\nkafka:\n  brokers: [a:1]\n  ssl: {ca: /nowhere.pem}\n';
    expect(messageFor(text)).toBe('accepted');
    expect(messageFor(text, {}, true)).toMatch(
      /^sentinel\.yaml:4:13: kafka\.ssl\.ca: \/nowhere\.pem cannot be read \(ENOENT[^\n]*\), expected a PEM file$/,
    );
  });

  it('tells all problems at once', () => {
    expect(messageFor('a: 1\nhttp: {port: -1}\nlog: {level: loud}').split('\n')).toHaveLength(3);
  });
});
