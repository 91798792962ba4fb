import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Admin, ConfigResourceTypes, Kafka, logLevel } from 'kafkajs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { verifyChains } from '../../src/audit/verify.ts';
import { kafkaBrokers } from '../services/context.ts';
import { until } from '../services/poll.ts';
import { BURST_RULES, burst, killed } from './burst.ts';
import { type DaemonProcess, metric, readiness, startDaemon } from './daemon-process.ts';
import { createSetting, type Setting } from './setting.ts';

const WAIT_MS = 40_000;

let setting: Setting;
let daemons: DaemonProcess[];
let admin: Admin;

beforeAll(async () => {
  admin = new Kafka({ brokers: kafkaBrokers(), logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
});
afterAll(() => admin.disconnect());
beforeEach(async () => {
  daemons = [];
  setting = await createSetting({ rules: BURST_RULES });
});
afterEach(async () => {
  await Promise.all(daemons.map((daemon) => daemon.kill()));
  await setting.dispose();
});

async function start(): Promise<DaemonProcess> {
  const daemon = await startDaemon(['--config', setting.config]);
  daemons.push(daemon);
  return daemon;
}

async function ready(daemon: DaemonProcess): Promise<void> {
  expect(await until(async () => (await readiness(daemon)).ready, WAIT_MS)).toBe(true);
}

const messages = ({ log }: DaemonProcess) => log.map(({ msg }) => String(msg));

describe('the daemon on real Kafka and Redis', () => {
  test('reads every codec; SIGTERM ends it with 0, commit and checkpoint; the next one goes on from there', async () => {
    const daemon = await start();
    const { events } = setting.topics;
    for (const codec of ['gzip', 'snappy', 'lz4', 'zstd']) {
      // The broker writes batches anew in the codec of the topic.
      const configEntries = [
        { name: 'compression.type', value: codec },
        { name: 'message.timestamp.type', value: 'LogAppendTime' },
      ];
      await admin.alterConfigs({
        validateOnly: false,
        resources: [{ type: ConfigResourceTypes.TOPIC, name: events, configEntries }],
      });
      await setting.log.append(events, burst(codec));
      expect(await killed(setting, codec), codec).toBe(true);
    }
    expect(await metric(daemon, 'sentinel_events_rejected_total')).toEqual({});
    expect(await daemon.stop()).toBe(0);
    expect(daemon.errors()).toBe('');

    const [committed] = await admin.fetchOffsets({ groupId: groupId(), topics: [events] });
    expect(committed?.partitions.reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0)).toBe(20);
    const next = await start();
    await ready(next);
    expect(messages(next).filter((text) => text.includes('checkpoint'))).toEqual([]);
    await setting.log.append(events, burst('after'));
    expect(await killed(setting, 'after')).toBe(true);
    expect(await next.stop()).toBe(0);
    expect(verifyChains(await setting.audit())).toEqual([]);
  });

  test('SIGHUP takes new rules; a bad set is refused everywhere it shows, and the last good one stays', async () => {
    const daemon = await start();
    await ready(daemon);
    writeFileSync(join(setting.rulesDir, 'rules.yaml'), BURST_RULES.replace('gt: 3', 'over: 3'));
    daemon.signal('SIGHUP');
    expect(await until(async () => (await readiness(daemon)).notices.rules !== undefined, WAIT_MS)).toBe(true);
    const { ready: isReady, notices } = await readiness(daemon);
    expect(isReady).toBe(true);
    expect(notices.rules).toMatch(/rules\.yaml:\d+:\d+/);
    expect(await metric(daemon, 'sentinel_rules_rejected')).toEqual({ '': 1 });
    expect(await metric(daemon, 'sentinel_rules_loaded')).toEqual({ '': 1 });
    await setting.log.append(setting.topics.events, burst('still'));
    expect(await killed(setting, 'still')).toBe(true);

    writeFileSync(join(setting.rulesDir, 'rules.yaml'), BURST_RULES.replace('gt: 3', 'gt: 100'));
    daemon.signal('SIGHUP');
    expect(await until(async () => (await readiness(daemon)).notices.rules === undefined, WAIT_MS)).toBe(true);
    expect(await daemon.stop()).toBe(0);
    const types = (await setting.audit()).map(({ type }) => type);
    expect(types).toEqual(expect.arrayContaining(['rules.loaded', 'rules.rejected']));
    expect(types.filter((type) => type === 'rules.loaded').length).toBeGreaterThan(1);
  });

  test('two of them share the partitions; when one dies the other takes over and decides', async () => {
    const first = await start();
    await ready(first);
    const second = await start();
    const partitionsOf = async (daemon: DaemonProcess) =>
      Object.keys(await metric(daemon, 'sentinel_consumer_lag')).length;
    const shared = async () => (await partitionsOf(first)) > 0 && (await partitionsOf(second)) > 0;
    expect(await until(shared, WAIT_MS, 200)).toBe(true);
    await first.kill();
    const tenants = Array.from({ length: 8 }, (_, n) => `t${n}`);
    for (const tenant of tenants) await setting.log.append(setting.topics.events, burst('s', tenant));
    for (const tenant of tenants) expect(await killed(setting, 's', tenant, WAIT_MS), tenant).toBe(true);
    expect(await second.stop()).toBe(0);
    const kills = (await setting.audit()).filter(({ type }) => type === 'session.terminated');
    expect(new Set(kills.map(({ id }) => id)).size).toBe(tenants.length);
  });
});

describe('what a person did wrong is one clear sentence and exit 2', () => {
  /** What it ended with, and what it said. */
  async function ending(args: readonly string[]): Promise<string> {
    return startDaemon(args).then(
      async (daemon) => {
        const code = await daemon.exited;
        return `the daemon ended with ${code}: ${daemon.errors()}`;
      },
      (error: Error) => error.message,
    );
  }

  test('a port that is in use', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const told = await ending(['--config', setting.config, '--port', String(port)]);
    expect(told).toMatch(
      new RegExp(`^the daemon ended with 2: .*port ${port} on 127.0.0.1 is in use: choose another.*\n$`),
    );
    server.close();
  });

  test('a configuration that is wrong, a part of it that is missing, and rules that are', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'sentinel-e2e-'));
    onTestFinished(() => rmSync(dir, { recursive: true }));
    writeFileSync(join(dir, 'wrong.yaml'), 'kafak: {}\n');
    expect(await ending(['--config', join(dir, 'wrong.yaml')])).toMatch(/ended with 2: .*wrong\.yaml:1:1.*kafak/);
    writeFileSync(join(dir, 'half.yaml'), 'kafka: {brokers: ["127.0.0.1:1"]}\n');
    expect(await ending(['--config', join(dir, 'half.yaml')])).toMatch(/ended with 2: .*redis/i);
    writeFileSync(join(setting.rulesDir, 'rules.yaml'), 'groups: 7\n');
    expect(await ending(['--config', setting.config])).toMatch(/ended with 2: .*rules\.yaml:1:9/);
  });
});

function groupId(): string {
  return setting.keyPrefix.slice(0, -1);
}
