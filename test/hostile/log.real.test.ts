/** A Kafka that damages, drops, changes and leaves, and the daemon that reads from it as a process of its own. */
import type { Admin } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { KafkaEventLog } from '../../src/adapters/kafka/event-log.ts';
import type { LogRecord } from '../../src/ports/event-log.ts';
import { sealed, spoilBatch } from '../adapters/kafka/batches.ts';
import { plainClient } from '../adapters/kafka/harness.ts';
import { type DaemonProcess, startDaemon } from '../e2e/daemon-process.ts';
import { createSetting, type Setting, type SettingOptions } from '../e2e/setting.ts';
import { kafkaBrokers } from '../services/context.ts';
import { type KafkaServer, startKafka } from '../services/kafka.ts';
import { until } from '../services/poll.ts';
import { daemonHere } from './daemon-here.ts';
import { RULES, writes } from './hostile-records.ts';

const WAIT_MS = 60_000;

async function settingOf(options: Partial<SettingOptions> = {}): Promise<Setting> {
  const setting = await createSetting({ rules: RULES, partitions: 2, ...options });
  onTestFinished(() => setting.dispose());
  return setting;
}

async function daemonOf(setting: Setting): Promise<DaemonProcess> {
  const daemon = await startDaemon(['--config', setting.config]);
  onTestFinished(() => daemon.kill());
  return daemon;
}

async function send({ log, topics }: Setting, partition: number, ...values: readonly string[]): Promise<void> {
  await log.append(
    topics.events,
    values.map((value) => ({ key: 'k', value, partition })),
  );
}

async function isKilled({ store }: Setting, session: string): Promise<boolean> {
  const [reading] = await store.read([{ kind: 'session', tenant: 'acme', session }]);
  return reading?.state?.mode === 'stop_all';
}

const killed = (setting: Setting, session: string) => until(() => isKilled(setting, session), WAIT_MS);

/** What `/readyz` says: ready or not, with every problem and notice. */
async function readiness({ url }: DaemonProcess): Promise<{ ready: boolean; text: string }> {
  const text = await (await fetch(`${url}/readyz`)).text();
  return { ready: (JSON.parse(text) as { ready: boolean }).ready, text };
}

/** A log that looks for new partitions every second, not every 30. */
function attentive({ topics }: Setting): KafkaEventLog {
  const { events } = topics;
  return new KafkaEventLog({
    brokers: kafkaBrokers(),
    groupId: events,
    topics,
    clock: { now: Date.now },
    log: () => {},
    tuning: { metadataMaxAgeMs: 1_000 },
  });
}

/** Committed is only what a checkpoint holds. */
async function hasCheckpoint(admin: Admin, { topics, keyPrefix }: Setting, nextOffset: number): Promise<boolean> {
  const groupId = keyPrefix.slice(0, -1);
  const [committed] = await admin.fetchOffsets({ groupId, topics: [topics.events] });
  return (
    committed?.partitions.some(({ partition, offset }) => partition === 0 && Number(offset) === nextOffset) ?? false
  );
}

async function letters({ log, topics }: Setting): Promise<LogRecord[]> {
  const found: LogRecord[] = [];
  await log.readAll(topics.dead_letter, (record) => void found.push(record));
  return found;
}

describe('a topic that changes under a running daemon', () => {
  let admin: Admin;

  beforeAll(async () => {
    admin = plainClient(kafkaBrokers()).admin();
    await admin.connect();
  });

  afterAll(() => admin.disconnect());

  test('gains partitions: what was counted stays, and the new ones are watched too', async () => {
    const setting = await settingOf();
    const daemon = await daemonHere(setting, { log: attentive(setting) });
    await send(setting, 0, ...writes(3, 'acme', 'begun'), ...writes(4, 'acme', 'old'));
    expect(await killed(setting, 'old')).toBe(true);
    expect(await setting.log.endOffset(setting.topics.events, 1)).toBe(0);
    await admin.createPartitions({ topicPartitions: [{ topic: setting.topics.events, count: 3 }] });
    const producer = plainClient(kafkaBrokers()).producer();
    await producer.connect();
    onTestFinished(() => producer.disconnect());
    const messages = writes(4, 'acme', 'new').map((value) => ({ key: 'k', value, partition: 2 }));
    await producer.send({ topic: setting.topics.events, messages });
    // Whoever asked before knows the new partition too.
    expect(await setting.log.endOffset(setting.topics.events, 2)).toBe(4);
    expect(await killed(setting, 'new')).toBe(true);
    expect(await isKilled(setting, 'begun')).toBe(false);
    await send(setting, 0, ...writes(1, 'acme', 'begun'));
    expect(await killed(setting, 'begun')).toBe(true);
    expect(daemon.crashes).toEqual([]);
  });

  test('disappears: that is said, nothing is killed and nobody ends; made anew it is read from its start', async () => {
    const setting = await settingOf();
    const daemon = await daemonOf(setting);
    await send(setting, 0, ...writes(3, 'acme', 'half'), ...writes(4, 'acme', 'before'));
    expect(await killed(setting, 'before')).toBe(true);
    expect(await until(() => hasCheckpoint(admin, setting, 7), WAIT_MS, 100)).toBe(true);
    await admin.deleteTopics({ topics: [setting.topics.events] });
    expect(await until(async () => !(await readiness(daemon)).ready, WAIT_MS, 100)).toBe(true);
    expect((await readiness(daemon)).text).toMatch(
      /Kafka at [^"]*(no such topic or partition|partition \d does not exist)/,
    );
    expect(await isKilled(setting, 'half')).toBe(false);
    const kill = await fetch(`${daemon.url}/api/sessions/by-hand/kill`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"tenantId": "acme"}',
    });
    expect(kill.status).toBe(200);
    expect(await isKilled(setting, 'by-hand')).toBe(true);
    expect(await until(async () => (await setting.store.pendingCount()) === 0, WAIT_MS)).toBe(true);

    // Made anew it is another log, as long as the old one: positions in that mean nothing in this.
    await setting.log.ensureTopics();
    await send(setting, 0, ...writes(3, 'acme', 'half'), ...writes(4, 'acme', 'after'));
    expect(await killed(setting, 'after')).toBe(true);
    expect(await isKilled(setting, 'half')).toBe(false);
    expect(await until(async () => (await readiness(daemon)).ready, WAIT_MS, 100)).toBe(true);
    expect((await readiness(daemon)).text).toMatch(/the checkpoint is of another log: reading from the beginning/);
    expect(await daemon.stop()).toBe(0);
  });
});

describe('a broker of its own', () => {
  let server: KafkaServer;

  beforeAll(async () => {
    server = await startKafka({
      properties: { 'broker.session.timeout.ms': '2000', 'broker.heartbeat.interval.ms': '500' },
    });
  });

  afterAll(() => server.stop());

  const withCodec = (codec: number) => (batch: Buffer) => {
    batch.writeInt16BE((batch.readInt16BE(21) & ~7) | codec, 21);
    sealed(batch);
  };

  test('batches with an unknown codec, a corrupt gzip and a flipped bit are dead letters; every other record counts', async () => {
    const setting = await settingOf({ brokers: server.brokers });
    const faults = [withCodec(5), withCodec(1), (batch: Buffer) => void (batch[batch.length - 2]! ^= 4)];
    for (let each = 0; each < faults.length; each++) {
      await send(setting, 0, ...writes(1, 'acme', 'spread'));
      await send(setting, 0, ...writes(4, 'acme', 'lost'));
    }
    await send(setting, 0, ...writes(1, 'acme', 'spread'));
    await send(setting, 1, ...writes(4, 'acme', 'beside'));
    for (const [index, fault] of faults.entries()) spoilBatch(server, setting.topics.events, 5 * index + 1, fault);

    const daemon = await daemonOf(setting);
    expect(await killed(setting, 'beside')).toBe(true);
    expect(await killed(setting, 'spread')).toBe(true);
    expect(await isKilled(setting, 'lost')).toBe(false);
    expect(await until(async () => (await letters(setting)).length === 3, WAIT_MS)).toBe(true);
    const said = (await letters(setting)).map(({ headers }) => [
      String(headers['sentinel-reason']),
      String(headers['sentinel-offset']),
      String(headers['sentinel-detail']),
    ]);
    expect(said).toEqual([
      ['damaged', '1', expect.stringMatching(/offsets 1 to 4.*unknown codec 5/)],
      ['damaged', '6', expect.stringMatching(/offsets 6 to 9.*not readable as gzip/)],
      ['damaged', '11', expect.stringMatching(/offsets 11 to 14.*checksum/)],
    ]);
    expect(await daemon.stop()).toBe(0);
  });

  test('that leaves and returns costs time and nothing else', async () => {
    const setting = await settingOf({ brokers: server.brokers });
    const daemon = await daemonOf(setting);
    await send(setting, 0, ...writes(3, 'acme', 'over'), ...writes(4, 'acme', 'before'));
    expect(await killed(setting, 'before')).toBe(true);

    await server.kill();
    expect(await until(async () => !(await readiness(daemon)).ready, WAIT_MS, 100)).toBe(true);
    expect((await readiness(daemon)).text).toContain(`Kafka at ${server.brokers[0]}`);
    // Operators are not in its way, and what they did is recorded later.
    const kill = await fetch(`${daemon.url}/api/sessions/by-hand/kill`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"tenantId": "acme"}',
    });
    expect(kill.status).toBe(200);

    await server.start();
    await send(setting, 0, ...writes(1, 'acme', 'over'));
    await send(setting, 1, ...writes(4, 'acme', 'after'));
    expect(await killed(setting, 'over')).toBe(true);
    expect(await killed(setting, 'after')).toBe(true);
    expect(await until(async () => (await readiness(daemon)).ready, WAIT_MS, 100)).toBe(true);
    const subjects = async () =>
      (await setting.audit()).filter(({ type }) => type === 'session.terminated').map(({ session_id }) => session_id);
    expect(await until(async () => (await subjects()).length === 4, WAIT_MS, 100)).toBe(true);
    expect((await subjects()).sort()).toEqual(['after', 'before', 'by-hand', 'over']);
    expect(await daemon.stop()).toBe(0);
  });
});
