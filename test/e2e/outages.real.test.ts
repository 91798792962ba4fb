import { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { startKafka } from '../services/kafka.ts';
import { until } from '../services/poll.ts';
import { startRedis } from '../services/redis.ts';
import { BURST_RULES, burst, killed } from './burst.ts';
import { type DaemonProcess, readiness, startDaemon } from './daemon-process.ts';
import { createSetting, type Setting } from './setting.ts';

const WAIT_MS = 60_000;

describe('what the daemon needs and does not find', () => {
  test('a broker that is not there is said, and waited for; SIGTERM ends the waiting with 0', async () => {
    const kafka = await startKafka({
      properties: { 'broker.session.timeout.ms': '2000', 'broker.heartbeat.interval.ms': '500' },
    });
    let daemon: DaemonProcess | null = null;
    let setting: Setting | null = null;
    try {
      setting = await createSetting({ rules: BURST_RULES, brokers: kafka.brokers });
      await kafka.kill();
      daemon = await startDaemon(['--config', setting.config]);
      const waits = async () => (await readiness(daemon!)).problems.log?.includes(kafka.brokers[0]!) === true;
      expect(await until(waits, WAIT_MS)).toBe(true);
      expect((await fetch(`${daemon.url}/readyz`)).status).toBe(503);
      expect((await fetch(`${daemon.url}/healthz`)).status).toBe(200);
      expect(await daemon.stop()).toBe(0);
      expect(daemon.errors()).toBe('');

      daemon = await startDaemon(['--config', setting.config]);
      expect(await until(waits, WAIT_MS)).toBe(true);
      await kafka.start();
      expect(await until(async () => (await readiness(daemon!)).ready, WAIT_MS)).toBe(true);
      await setting.log.append(setting.topics.events, burst('s1'));
      expect(await killed(setting, 's1')).toBe(true);
    } finally {
      await daemon?.kill();
      await setting?.dispose();
      await kafka.stop();
    }
  });

  test('a Redis that dies and comes back, and one that was flushed: no kill is lost, none is lifted', async () => {
    const redis = await startRedis();
    const setting = await createSetting({ rules: BURST_RULES, redis: redis.url });
    const daemon = await startDaemon(['--config', setting.config]);
    const client = new Redis(redis.url, { maxRetriesPerRequest: null });
    client.on('error', () => {});
    try {
      const { events } = setting.topics;
      expect(await until(async () => (await readiness(daemon)).ready, WAIT_MS)).toBe(true);
      await setting.log.append(events, burst('before'));
      expect(await killed(setting, 'before')).toBe(true);

      await redis.kill();
      await setting.log.append(events, burst('meanwhile'));
      const waits = async () => (await readiness(daemon)).problems.decisions !== undefined;
      expect(await until(waits, WAIT_MS)).toBe(true);
      await redis.start();
      expect(await killed(setting, 'meanwhile')).toBe(true);
      expect(await until(async () => (await readiness(daemon)).ready, WAIT_MS)).toBe(true);
      expect(await until(async () => (await setting.store.pendingCount()) === 0, WAIT_MS)).toBe(true);

      await client.flushall();
      for (const session of ['before', 'meanwhile']) {
        expect(await killed(setting, session, 'acme', 10_000), session).toBe(true);
      }
      expect(await until(async () => (await setting.store.epoch()) !== null, 10_000)).toBe(true);
      expect(await daemon.stop()).toBe(0);
      const records = await setting.audit();
      expect(records.map(({ type }) => type)).toContain('sentinel.degraded');
      const kills = records.filter(({ type }) => type === 'session.terminated');
      expect(new Set(kills.map(({ decision_id }) => decision_id)).size).toBe(2);
    } finally {
      client.disconnect();
      await daemon.kill();
      await setting.dispose();
      await redis.stop();
    }
  });
});
