import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { openEmbeddedEventLog } from '../../src/adapters/embedded/event-log.ts';
import { SentinelError } from '../../src/domain/errors.ts';
import type { ValidEvent } from '../../src/domain/event/validate.ts';
import { embeddedSink, httpSink } from '../../src/guard/index.ts';
import { BufferedSink, type Delivery, type Outgoing } from '../../src/guard/sinks/buffered-sink.ts';
import { encodeEvent } from '../../src/guard/sinks/encode-event.ts';
import { newFolder } from '../adapters/embedded/folder.ts';
import { until } from '../services/poll.ts';

const event = (id: string, rest: Partial<ValidEvent> = {}): ValidEvent => ({
  ...{ event_id: id, ts: 1, tenant_id: 'acme', session_id: 's', tool: 't', ...rest },
});
const ids = (batch: readonly Outgoing[]): string[] =>
  batch.map(({ json }) => (JSON.parse(json) as ValidEvent).event_id);
const AWAY = new SentinelError('kafka_unavailable', 'away', { retryable: true });
const REFUSED = new SentinelError('kafka_unavailable', 'refused');

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A delivery that a test can make fail; it keeps what arrived. */
function delivery(failure: (batch: readonly string[]) => Error | null = () => null) {
  const arrived: string[] = [];
  const attempts: string[][] = [];
  const made: Delivery = {
    deliver: async (batch) => {
      attempts.push(ids(batch));
      const error = failure(ids(batch));
      if (error !== null) throw error;
      arrived.push(...ids(batch));
    },
    close: async () => {},
  };
  return { made, arrived, attempts };
}

describe('a buffered sink', () => {
  test('delivers in order, in batches, and flush says when', async () => {
    const { made, arrived, attempts } = delivery();
    const sink = new BufferedSink(made, () => {}, { batchMax: 2 });
    for (const id of ['1', '2', '3', '4', '5']) sink.emit(event(id));
    expect(await sink.flush(5_000)).toBe(true);
    expect(arrived).toEqual(['1', '2', '3', '4', '5']);
    expect(attempts).toHaveLength(3);
    expect(await sink.flush(0)).toBe(true);
  });

  test('repeats a batch until it succeeds and reports the outage once', async () => {
    let failures = 3;
    const { made, arrived } = delivery(() => (failures-- > 0 ? AWAY : null));
    const errors: unknown[] = [];
    const sink = new BufferedSink(made, (error) => errors.push(error), { retryMs: [1, 2] });
    sink.emit(event('1'));
    expect(await sink.flush(5_000)).toBe(true);
    expect(arrived).toEqual(['1']);
    expect(errors).toEqual([AWAY]);
    expect(sink.dropped).toBe(0);
  });

  test('keeps everything while it is refused whatever it brings, until somebody has mended the password', async () => {
    const refused = new SentinelError('kafka_rejected', 'wrong password');
    let failures = 3;
    const { made, arrived, attempts } = delivery(() => (failures-- > 0 ? refused : null));
    const errors: unknown[] = [];
    const sink = new BufferedSink(made, (error) => errors.push(error), { retryMs: [1, 2] });
    for (const id of ['1', '2']) sink.emit(event(id));
    expect(await sink.flush(5_000)).toBe(true);
    expect([arrived, attempts.length, errors, sink.dropped]).toEqual([['1', '2'], 4, [refused], 0]);
  });

  test('drops what nobody takes, alone, and counts and reports it', async () => {
    const { made, arrived } = delivery((batch) => (batch.includes('bad') ? REFUSED : null));
    const errors: unknown[] = [];
    const sink = new BufferedSink(made, (error) => errors.push(error));
    for (const id of ['1', '2', 'bad', '3']) sink.emit(event(id));
    expect(await sink.flush(5_000)).toBe(false);
    expect(arrived).toEqual(['1', '2', '3']);
    expect(sink.dropped).toBe(1);
    expect(errors).toHaveLength(1);
  });

  test('is bounded: what comes beyond is dropped, counted and reported once', async () => {
    const { made } = delivery(() => AWAY);
    const errors: unknown[] = [];
    const sink = new BufferedSink(made, (error) => errors.push(error), { eventsMax: 2, retryMs: [60_000, 60_000] });
    for (let each = 0; each < 5; each += 1) sink.emit(event(`${each}`));
    expect(sink.dropped).toBe(3);
    expect(errors.map((error) => (error as Error).message)).toEqual([
      'Events of this guard are being dropped (1 so far): more came than could be delivered',
    ]);
    expect(await sink.flush(10)).toBe(false);
  });

  test('closes within its time whatever happens, and drops what comes after', async () => {
    const { made } = delivery(() => AWAY);
    const sink = new BufferedSink(made, () => {}, { retryMs: [60_000, 60_000], closeMs: 20 });
    sink.emit(event('1'));
    await sink.close();
    sink.emit(event('2'));
    expect(sink.dropped).toBe(2);
    await sink.close();
  });
});

test('an event without its arguments says so, where JSON cannot say them or they are too large', () => {
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  expect(JSON.parse(encodeEvent(event('1', { args: circle, labels: { a: 'b' } })))).toEqual({
    ...{ ...event('1'), labels: { a: 'b', 'sentinel.args': 'no JSON' } },
  });
  const large = JSON.parse(encodeEvent(event('1', { args: { text: 'x'.repeat(300_000) } })));
  expect(large).toEqual({ ...event('1'), labels: { 'sentinel.args': 'too large' } });
});

test('over HTTP events go as NDJSON; the daemon’s 503 is repeated, its 400 given up', async () => {
  const bodies: { url: string | undefined; type: string | undefined; auth: string | undefined; body: string }[] = [];
  const statuses = [503, 202, 400];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      const { 'content-type': type, authorization: auth } = request.headers;
      bodies.push({ url: request.url, type, auth, body });
      response.writeHead(statuses.shift() ?? 500).end('{}');
    });
  }).listen(0, '127.0.0.1');
  await until(() => server.listening, 5_000);
  closing.push(async () => server.close());
  const { port } = server.address() as AddressInfo;
  const sink = httpSink({ url: `http://127.0.0.1:${port}`, token: 'secret', onError: () => {} });
  sink.emit(event('1'));
  sink.emit(event('2'));
  expect(await sink.flush(5_000)).toBe(true);
  expect(bodies).toHaveLength(2);
  expect(bodies[1]).toEqual({
    ...{ url: '/api/events', type: 'application/x-ndjson', auth: 'Bearer secret' },
    body: `${JSON.stringify(event('1'))}\n${JSON.stringify(event('2'))}\n`,
  });
  sink.emit(event('3'));
  expect(await sink.flush(5_000)).toBe(false);
  expect(sink.dropped).toBe(1);
  await sink.close();
});

test('an address that is none is refused at once', () => {
  expect(() => httpSink({ url: '127.0.0.1:7070' })).toThrow('httpSink: url');
});

test('the embedded sink writes into the log that a daemon on the same folder reads', async () => {
  const dir = newFolder();
  const sink = embeddedSink({ dir });
  sink.emit(event('1'));
  expect(await sink.flush(5_000)).toBe(true);
  await sink.close();
  const topics = { events: 'agent.tool-calls', audit: 'a', kill_state: 'k', dead_letter: 'd' };
  const log = openEmbeddedEventLog({ dir, topics, clock: { now: () => Date.now() } });
  const found: string[] = [];
  await log.readAll('agent.tool-calls', ({ key, value }) => {
    found.push(`${Buffer.from(key ?? []).toString()} ${Buffer.from(value ?? []).toString()}`);
  });
  await log.close();
  expect(found).toEqual([`acme ${JSON.stringify(event('1'))}`]);
});
