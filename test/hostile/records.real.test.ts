/** What anybody may put into the events topic, from Kafka through the daemon to kill keys, audit and command line. */
import { Redis } from 'ioredis';
import { ConfigResourceTypes, type Producer } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import type { AuditRecord } from '../../src/domain/audit-record.ts';
import { scopeText } from '../../src/domain/scope.ts';
import type { LogRecord } from '../../src/ports/event-log.ts';
import { plainClient } from '../adapters/kafka/harness.ts';
import { type DaemonProcess, startDaemon } from '../e2e/daemon-process.ts';
import { createSetting, type Setting } from '../e2e/setting.ts';
import { kafkaBrokers, redisUrl } from '../services/context.ts';
import { until } from '../services/poll.ts';
import { event, RULES, writes } from './hostile-records.ts';

const WAIT_MS = 30_000;
const KEY = 'agent_kill_session:';

/** Ids that are valid and strange: tenant, session, and the key of their kill. */
const STRANGE_IDS: readonly (readonly [string, string, string])[] = [
  ['__proto__', 'constructor', `${KEY}__proto__:constructor`],
  ['toString', '__proto__', `${KEY}toString:__proto__`],
  ['a:b', 'c', `${KEY}a%3Ab:c`],
  ['a%3Ab', 'c', `${KEY}a%253Ab:c`],
  ['a', 'b:c%', `${KEY}a:b:c%`],
  ['\u0000\n\u001b[2J', 'x\u0007\u202e\r\n', `${KEY}\u0000\n\u001b[2J:x\u0007\u202e\r\n`],
  ['*', '[a-z]?', `${KEY}*:[a-z]?`],
  [`${'€'.repeat(85)}x`, '𝕊'.repeat(64), `${KEY}${'€'.repeat(85)}x:${'𝕊'.repeat(64)}`],
];

/** What must not be there: the reason of its dead letter, and what it says. */
const REFUSED: readonly (readonly [what: string, value: Buffer | string | null, reason: string, detail: RegExp])[] = [
  ['bytes that are no JSON', Buffer.from([0xff, 0xfe, 0, 1, 2]), 'not_utf8', /./],
  ['JSON that is no event', '[1, 2, 3]', 'not_object', /object/],
  ['a text', '"event"', 'not_object', /object/],
  ['half an event', JSON.stringify(event()).slice(0, -1), 'not_json', /./],
  ['an event without its session', JSON.stringify(event({ session_id: undefined })), 'missing_field', /^session_id/],
  ['a tombstone', null, 'tombstone', /no value/],
  ['5 MB', JSON.stringify(event({ args: { text: 'x'.repeat(5_000_000) } })), 'too_large', /bytes/],
  ['nesting without end', `{"args":${'['.repeat(200_000)}`, 'not_json', /./],
  ['nesting that is closed', `{"args":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_001)}`, 'too_deep', /128/],
  ['a lone surrogate', JSON.stringify(event({ session_id: '\ud800' })), 'invalid_field', /^session_id.*well-formed/],
  ['257 bytes', JSON.stringify(event({ session_id: 'x'.repeat(257) })), 'invalid_field', /^session_id.*256 bytes/],
  [
    '257 bytes of 129 characters',
    JSON.stringify(event({ tenant_id: `${'é'.repeat(128)}x` })),
    'invalid_field',
    /^tenant/,
  ],
  ['NaN', '{"event_id":"n","ts":1,"tenant_id":"t","session_id":"s","tool":"x","cost_usd":NaN}', 'not_json', /./],
  [
    'an infinite cost',
    JSON.stringify(event()).replace('}', ',"cost_usd":1e999}'),
    'invalid_field',
    /^cost_usd.*finite/,
  ],
  ['a negative cost', JSON.stringify(event({ cost_usd: -1000 })), 'invalid_field', /^cost_usd.*at least 0/],
  ['a cost in words', JSON.stringify(event({ cost_usd: '1000' })), 'invalid_field', /^cost_usd.*string/],
  ['a time before 1970', JSON.stringify(event({ ts: -1 })), 'invalid_field', /^ts.*not before 1970/],
];

describe('one daemon among hostile records', () => {
  let setting: Setting;
  let daemon: DaemonProcess;
  let producer: Producer;
  let redis: Redis;

  beforeAll(async () => {
    setting = await createSetting({ rules: RULES, partitions: 3 });
    const kafka = plainClient(kafkaBrokers());
    const admin = kafka.admin();
    await admin.connect();
    const configEntries = [
      { name: 'max.message.bytes', value: '8000000' },
      { name: 'message.timestamp.type', value: 'LogAppendTime' },
    ];
    const resources = [{ type: ConfigResourceTypes.TOPIC, name: setting.topics.events, configEntries }];
    await admin.alterConfigs({ validateOnly: false, resources });
    await admin.disconnect();
    producer = kafka.producer();
    await producer.connect();
    redis = new Redis(redisUrl(), { keyPrefix: setting.keyPrefix });
    daemon = await startDaemon(['--config', setting.config]);
  });

  afterAll(async () => {
    await daemon?.kill();
    redis?.disconnect();
    await producer?.disconnect();
    await setting?.dispose();
  });

  async function send(partition: number, ...values: readonly (Buffer | string | null)[]): Promise<void> {
    const messages = values.map((value) => ({ key: 'k', value, partition }));
    await producer.send({ topic: setting.topics.events, messages });
  }

  async function terminated(): Promise<string[]> {
    const { states } = await setting.store.page(0, 1_000);
    return states.filter(({ state }) => state.mode !== 'none').map(({ scope }) => scope);
  }

  async function isKilled(tenant: string, session: string): Promise<boolean> {
    return (await terminated()).includes(scopeText({ kind: 'session', tenant, session }));
  }

  async function killRecords(): Promise<AuditRecord[]> {
    return (await setting.audit()).filter(({ type }) => type === 'session.terminated');
  }

  async function letters(): Promise<LogRecord[]> {
    const found: LogRecord[] = [];
    await setting.log.readAll(setting.topics.dead_letter, (record) => void found.push(record));
    return found;
  }

  /** Every record that was sent before is behind us, in every partition. */
  async function settled(): Promise<boolean> {
    const marks = [0, 1, 2].map((partition) => ({ partition, session: `mark-${Math.random()}` }));
    for (const { partition, session } of marks) await send(partition, ...writes(4, 'marks', session));
    return until(async () => {
      const killed = await terminated();
      return marks.every(({ session }) => killed.includes(`session:marks:${session}`));
    }, WAIT_MS);
  }

  const header = ({ headers }: LogRecord, name: string) => String(headers[`sentinel-${name}`]);

  test('what is no event goes to the dead letters with its reason, one by one, and stops nothing', async () => {
    for (const [, value] of REFUSED) await send(0, value);
    await send(1, ...writes(4, 'acme', 'beside'));
    expect(await settled()).toBe(true);
    expect(await until(async () => (await letters()).length >= REFUSED.length, WAIT_MS)).toBe(true);

    const found = await letters();
    expect(found.map((letter) => header(letter, 'reason'))).toEqual(REFUSED.map(([, , reason]) => reason));
    for (const [index, [what, value, , detail]] of REFUSED.entries()) {
      const letter = found[index]!;
      expect(header(letter, 'detail'), what).toMatch(detail);
      expect(header(letter, 'offset'), what).toBe(String(index));
      if (value === null) expect(letter.value).toBeNull();
      else if (value.length < 900_000) expect(Buffer.from(letter.value!), what).toEqual(Buffer.from(value));
      else expect([letter.value!.length, header(letter, 'size')]).toEqual([65_536, String(value.length)]);
    }
    expect((await terminated()).filter((scope) => !scope.startsWith('session:marks:'))).toEqual([
      'session:acme:beside',
    ]);
  });

  test('strange ids are killed under exactly their own key, recorded as they are, and shown without moving a cursor', async () => {
    // One call less than a kill, of sessions whose keys would be the same if ids were not encoded.
    await send(1, ...writes(3, 'a:b:c', 'd'), ...writes(3, 'a', 'b:c:d'), ...writes(3, 'a:b', 'c%'));
    const args = { __proto__: null, constructor: { prototype: { polluted: true } } };
    const said = { args: JSON.parse(`{"__proto__":{"polluted":true}, "constructor":${JSON.stringify(args)}}`) };
    const labels = JSON.parse('{"__proto__":"x","constructor":"y","toString":"z"}');
    for (const [tenant, session] of STRANGE_IDS)
      await send(1, ...writes(4, tenant, session, { ...said, labels, tool: 'constructor', agent_id: '__proto__' }));
    for (const [tenant, session] of STRANGE_IDS)
      expect(await until(() => isKilled(tenant, session), WAIT_MS), `${tenant} ${session}`).toBe(true);
    expect(await settled()).toBe(true);

    for (const [, , key] of STRANGE_IDS) expect(await redis.get(key), key).toBe('stop_all');
    for (const [tenant, session] of [
      ['a:b:c', 'd'],
      ['a', 'b:c:d'],
      ['a:b', 'c%'],
    ] as const)
      expect(await isKilled(tenant, session)).toBe(false);
    expect(await until(async () => (await setting.store.pendingCount()) === 0, WAIT_MS)).toBe(true);
    const kills = (await killRecords()).map((one) => [one.tenant_id, one.session_id]);
    for (const [tenant, session] of STRANGE_IDS) expect(kills).toContainEqual([tenant, session]);
    expect(JSON.stringify(await setting.audit())).not.toContain('polluted');

    const table = await sentinel('state');
    expect(table).toMatchObject({ code: 0, err: '' });
    // biome-ignore-start lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(table.out.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u202e]/);
    // biome-ignore-end lint/suspicious/noControlCharactersInRegex: as above
    const shown = JSON.parse((await sentinel('state', '-o', 'json')).out).scopes.map(
      (one: { scope: string }) => one.scope,
    );
    const [tenant, session] = STRANGE_IDS[5]!;
    expect(shown).toContain(scopeText({ kind: 'session', tenant, session }));
    const restored = await sentinel('restore', 'session', session, '--tenant', tenant, '--reason', 'it was a test');
    expect(restored).toMatchObject({ code: 0, err: '' });
    expect(await isKilled(tenant, session)).toBe(false);
  });

  test('the same session id in two tenants is two sessions', async () => {
    await send(2, ...writes(4, 'first', 'shared'), ...writes(3, 'second', 'shared'));
    expect(await settled()).toBe(true);
    expect([await isKilled('first', 'shared'), await isKilled('second', 'shared')]).toEqual([true, false]);
    const killed = await fetch(`${daemon.url}/api/sessions/shared/kill`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(killed.status).toBe(409);
    expect(((await killed.json()) as { detail: string }).detail).toMatch(/2 tenants.*tenantId/);
  });

  test('clocks of 1970 and 2099 kill nobody, and move nobody else’s window', async () => {
    const times = { ancient: 0, seconds: Math.floor(Date.now() / 1000), future: Date.parse('2099-01-01T00:00:00Z') };
    for (const [session, ts] of Object.entries(times)) await send(2, ...writes(3, 'clocks', session, { ts }));
    await send(2, ...writes(3, 'clocks', 'right'));
    await send(2, ...writes(1, 'clocks', 'future', { ts: times.ancient, kind: 'read' }));
    expect(await settled()).toBe(true);
    expect((await terminated()).filter((scope) => scope.startsWith('session:clocks:'))).toEqual([]);
    // What burst in its own time is still seen, whatever its clock says.
    for (const session of [...Object.keys(times), 'right'])
      await send(2, ...writes(1, 'clocks', session, { ts: times[session as keyof typeof times] ?? Date.now() }));
    expect(await settled()).toBe(true);
    expect((await terminated()).filter((scope) => scope.startsWith('session:clocks:')).sort()).toEqual(
      ['ancient', 'future', 'right', 'seconds'].map((session) => `session:clocks:${session}`),
    );
  });

  test('a cost beyond all measure is counted as far as integers go, and stops its own session only', async () => {
    const spends = (session: string, cost_usd: unknown) => writes(1, 'dear', session, { cost_usd, kind: 'read' });
    await send(
      2,
      ...spends('huge', 1e308),
      ...spends('huge', 1e308),
      ...spends('null', null),
      ...spends('tiny', 5e-324),
    );
    expect(await settled()).toBe(true);
    expect((await terminated()).filter((scope) => scope.startsWith('session:dear:'))).toEqual(['session:dear:huge']);
    const isHuge = ({ session_id }: AuditRecord) => session_id === 'huge';
    expect(await until(async () => (await killRecords()).some(isHuge), WAIT_MS)).toBe(true);
    expect((await killRecords()).find(isHuge)?.reason).toBe(
      'Auto-kill: cost_usd anomaly: 9007199.25 in 10m, limit 10.00',
    );
  });

  test('what transactions leave between the records is passed', async () => {
    const kafka = plainClient(kafkaBrokers());
    const transactional = kafka.producer({
      transactionalId: setting.topics.events,
      maxInFlightRequests: 1,
      idempotent: true,
    });
    await transactional.connect();
    for (const end of ['commit', 'abort'] as const) {
      const transaction = await transactional.transaction();
      const messages = writes(2, 'acme', 'transacted').map((value) => ({ key: 'k', value, partition: 0 }));
      await transaction.send({ topic: setting.topics.events, messages });
      await transaction[end]();
    }
    await transactional.disconnect();
    const before = (await letters()).length;
    expect(await settled()).toBe(true);
    // Read uncommitted: what was aborted happened all the same.
    expect(await isKilled('acme', 'transacted')).toBe(true);
    expect((await letters()).length).toBe(before);
  });

  test('after all of it the daemon is ready, has told nobody of a fault, and leaves with 0', async () => {
    expect((await fetch(`${daemon.url}/readyz`)).status).toBe(200);
    const metrics = await (await fetch(`${daemon.url}/metrics`)).text();
    const count = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(metrics)?.[1]);
    expect(count('sentinel_events_rejected_total{reason="too_large"}')).toBe(1);
    expect(daemon.log.filter(({ level }) => Number(level) >= 50)).toEqual([]);
    expect(await daemon.stop()).toBe(0);
    expect(daemon.errors()).toBe('');
  });

  async function sentinel(...args: readonly string[]) {
    let out = '';
    let err = '';
    const env = { USER: 'ann', SENTINEL_HTTP_PORT: '0' };
    const terminal = {
      out: (text: string) => void (out += text),
      err: (text: string) => void (err += text),
      isTty: false,
      env,
    };
    const code = await runProgram([...args, '--config', setting.config], terminal);
    return { code, out, err };
  }
});
