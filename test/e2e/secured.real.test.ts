import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../services/poll.ts';
import {
  PASSWORD,
  type SecuredKafka,
  type SecuredRedis,
  securedKafka,
  securedRedis,
  tlsFlags,
  USER,
} from '../services/secured.ts';
import { type RedisSentinel, startRedisSentinel } from '../services/sentinel.ts';
import { BURST_RULES, burst, killed } from './burst.ts';
import { type DaemonProcess, readiness, startDaemon } from './daemon-process.ts';
import { createSetting, type Setting, type SettingOptions } from './setting.ts';

const WAIT_MS = 40_000;
const CREDENTIALS = `${USER}:${encodeURIComponent(PASSWORD)}`;

let kafka: SecuredKafka;
let redis: SecuredRedis;
let sentinel: RedisSentinel;
let tlsSentinel: RedisSentinel;
let setting: Setting | null = null;
let daemon: DaemonProcess | null = null;

beforeAll(async () => {
  [kafka, redis] = await Promise.all([securedKafka(), securedRedis()]);
  [sentinel, tlsSentinel] = await Promise.all([
    startRedisSentinel({ primary: redis.port }),
    startRedisSentinel({ primary: redis.tlsPort, tls: true, args: tlsFlags(redis.server) }),
  ]);
});
afterAll(async () => {
  await sentinel?.stop();
  await tlsSentinel?.stop();
  await redis?.stop();
  await kafka?.stop();
});
afterEach(async () => {
  await daemon?.kill();
  await setting?.dispose();
});

async function settingFor(ways: NonNullable<SettingOptions['ways']>): Promise<Setting> {
  setting = await createSetting({ rules: BURST_RULES, brokers: kafka.brokers, redis: redis.url, partitions: 2, ways });
  return setting;
}

const sasl = (mechanism: string, password = PASSWORD) => ({ sasl: { mechanism, username: USER, password } });
const ca = () => kafka.server.cert;

describe('the daemon reads, kills and writes audit', () => {
  test.each([
    [
      'as a user of Kafka by SASL PLAIN, and as a user of Redis',
      () => ({ brokers: [kafka.doors.LOGIN], ...sasl('plain') }),
      () => `redis://${CREDENTIALS}@127.0.0.1:${redis.port}`,
    ],
    [
      'by SCRAM-SHA-256 where logins end soon, and by a Sentinel',
      () => ({ brokers: [kafka.doors.SHORT], ...sasl('scram-sha-256') }),
      () => `redis+sentinel://${CREDENTIALS}@127.0.0.1:${sentinel.port}/main`,
    ],
    [
      'over TLS with a certificate of its own, and over TLS to Redis',
      () => ({
        brokers: [kafka.doors.MUTUAL],
        ssl: { ca: ca(), cert: kafka.client.cert, key: kafka.client.key },
      }),
      () => `rediss://${CREDENTIALS}@127.0.0.1:${redis.tlsPort}`,
    ],
    [
      'by SCRAM-SHA-512 over TLS, and by a Sentinel over TLS',
      () => ({ brokers: [kafka.doors.BOTH], ssl: { ca: ca() }, ...sasl('scram-sha-512') }),
      () => `rediss+sentinel://${CREDENTIALS}@127.0.0.1:${tlsSentinel.port}/main`,
    ],
  ])('%s', async (_, kafkaWay, redisWay) => {
    const { config, log, topics, audit, store } = await settingFor({ kafka: kafkaWay(), redis: redisWay() });
    daemon = await startDaemon(['--config', config], { NODE_EXTRA_CA_CERTS: redis.server.cert });
    await log.append(topics.events, burst('s1'));
    expect(await killed({ store }, 's1')).toBe(true);
    expect(await daemon.stop()).toBe(0);
    const kills = (await audit()).filter(({ type }) => type === 'session.terminated');
    expect(kills.map(({ session_id }) => session_id)).toEqual(['s1']);
    expect(daemon.errors()).toBe('');
    expect(JSON.stringify(daemon.log)).not.toContain(PASSWORD);
  });
});

describe('what cannot be right is one sentence that says what to do, and exit 2', () => {
  const plainRedis = () => redis.url;
  const plainKafka = () => ({ brokers: kafka.brokers });
  test.each([
    [
      'a wrong password for Kafka',
      () => ({ brokers: [kafka.doors.LOGIN], ...sasl('scram-sha-256', 'wr0ng') }),
      plainRedis,
      /^Kafka at 127\.0\.0\.1:\d+ could not make the topics: .*invalid credentials.*Check kafka\.sasl\.username and kafka\.sasl\.password\.\n$/,
    ],
    [
      'a certificate of Kafka that nobody vouches for',
      () => ({ brokers: [kafka.doors.TLS], ssl: true }),
      plainRedis,
      /^Kafka at .* its certificate is not trusted \(self-signed certificate\)\. Set kafka\.ssl\.ca .*\.\n$/,
    ],
    [
      'a listener with TLS, asked without',
      () => ({ brokers: [kafka.doors.TLS] }),
      plainRedis,
      /^Kafka at .* it speaks TLS and we do not\. Set kafka\.ssl\.\n$/,
    ],
    [
      'a certificate of Redis that nobody vouches for',
      plainKafka,
      () => `rediss://${CREDENTIALS}@127.0.0.1:${redis.tlsPort}`,
      /^Redis at rediss:.* not trusted \(self-signed certificate\): name the PEM file .* NODE_EXTRA_CA_CERTS\.\n$/,
    ],
  ])('%s', async (_, kafkaWay, redisWay, sentence) => {
    const { config } = await settingFor({ kafka: kafkaWay(), redis: redisWay() });
    const [told, code] = await startDaemon(['--config', config]).then(
      async (started) => [started.errors, await started.exited] as const,
      (error: Error) => {
        const [, ended = '', errors = ''] = /^the daemon ended with (\d): (.*)$/s.exec(error.message) ?? [];
        return [() => errors, Number(ended)] as const;
      },
    );
    expect(told()).toMatch(sentence);
    expect(told()).not.toContain('wr0ng');
    expect(code).toBe(2);
  });
});

test('a listener that hangs up is waited for, and what may be wrong is told beside it', async () => {
  const { config } = await settingFor({ kafka: { brokers: [kafka.doors.LOGIN] }, redis: redis.url });
  daemon = await startDaemon(['--config', config]);
  const waits = async () =>
    /closed the connection \(where it always does, compare kafka\.ssl and kafka\.sasl with its listener\)/.test(
      (await readiness(daemon!)).problems.log ?? '',
    );
  expect(await until(waits, WAIT_MS)).toBe(true);
  expect(await daemon.stop()).toBe(0);
  expect(daemon.errors()).toBe('');
});
