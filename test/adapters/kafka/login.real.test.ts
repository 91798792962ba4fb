import { connect, createServer, Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { KafkaEventLog } from '../../../src/adapters/kafka/event-log.ts';
import { until } from '../../services/poll.ts';
import { PASSWORD, type SecuredKafka, securedKafka, USER } from '../../services/secured.ts';
import { testLog } from './harness.ts';

/** Logins on plain sockets, which cut the answers of a broker themselves. */

const SASL_HANDSHAKE = 17;
const SASL_AUTHENTICATE = 36;

let kafka: SecuredKafka;
const cleanUps: (() => unknown)[] = [];
beforeAll(async () => {
  kafka = await securedKafka();
});
afterAll(() => kafka?.stop());
afterEach(async () => {
  vi.restoreAllMocks();
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const apiKeyOf = (request: Buffer): number => (request.length > 6 ? request.readInt16BE(4) : -1);

test('a login that ends soon is renewed between fetches and appends: nothing is lost, nothing fails', async () => {
  const made = testLog(kafka.brokers);
  cleanUps.push(() => made.dispose());
  const sasl = { mechanism: 'scram-sha-256', username: USER, password: PASSWORD } as const;
  const write = vi.spyOn(Socket.prototype, 'write');
  const logins = () =>
    write.mock.calls.filter(([request]) => apiKeyOf(request as unknown as Buffer) === SASL_HANDSHAKE);
  const log = made.open({}, { brokers: [kafka.doors.SHORT], sasl });
  await log.ensureTopics();
  const { events } = made.topics;
  const seen: string[] = [];
  const crashes: Error[] = [];
  await log.consume({
    assigned: async (partitions) => new Map(partitions.map((partition) => [partition, 0])),
    batch: async ({ records }) => {
      for (const { value } of records) seen.push(String(value).slice(0, 8));
    },
    crashed: (error) => void crashes.push(error),
  });
  const first = logins().length;
  const sent: string[] = [];
  const appendUntilRenewed = async () => {
    const name = String(sent.length).padStart(8, '0');
    await log.append(events, [{ key: name, value: name + 'x'.repeat(100_000) }]);
    sent.push(name);
    return logins().length > first + 6;
  };
  expect(await until(appendUntilRenewed, 30_000, 5)).toBe(true);
  expect(await until(() => seen.length === sent.length, 10_000)).toBe(true);
  expect([...seen].sort()).toEqual(sent);
  expect([crashes, made.said.filter((text) => /sasl/i.test(text))]).toEqual([[], []]);
});

test('a password that turns wrong is waited for: reading goes on where it was when it is right again', async () => {
  const made = testLog(kafka.brokers);
  cleanUps.push(() => made.dispose());
  const sasl = { mechanism: 'scram-sha-256', username: USER, password: PASSWORD } as const;
  let isWrong = false;
  const write = Socket.prototype.write;
  vi.spyOn(Socket.prototype, 'write').mockImplementation(function (this: Socket, ...said) {
    const [request] = said as unknown as [Buffer];
    const proof = isWrong && apiKeyOf(request) === SASL_AUTHENTICATE ? request.indexOf(',p=') : -1;
    if (proof > 0) request.fill('AAAA', proof + 3, proof + 7);
    return Reflect.apply(write, this, said) as boolean;
  });
  const log = made.open({}, { brokers: [kafka.doors.SHORT], sasl });
  await log.ensureTopics();
  const { events } = made.topics;
  const seen: string[] = [];
  const crashes: Error[] = [];
  const subscription = await log.consume({
    assigned: async (partitions) => new Map(partitions.map((partition) => [partition, 0])),
    batch: async ({ records }) => {
      for (const { value } of records) seen.push(String(value));
    },
    crashed: (error) => void crashes.push(error),
  });
  isWrong = true;
  expect(await until(() => /invalid credentials/.test(subscription.outage() ?? ''), 30_000)).toBe(true);
  await expect(log.endOffset(events, 0)).rejects.toMatchObject({ code: 'kafka_rejected' });
  isWrong = false;
  await made.open().append(events, [{ key: 'k', value: 'after' }]);
  expect(await until(() => seen.length === 1 && subscription.outage() === null, 30_000)).toBe(true);
  expect([seen, crashes]).toEqual([['after'], []]);
});

test('a connection that is lost in the middle of a login is no wrong password: it is tried again', async () => {
  const made = testLog(kafka.brokers);
  cleanUps.push(() => made.dispose());
  const [host = '', port = ''] = kafka.doors.LOGIN.split(':');
  let cut = 0;
  const between = createServer((client) => {
    const broker = connect(Number(port), host);
    client.on('data', (request) => {
      if (apiKeyOf(request) === SASL_AUTHENTICATE && cut++ === 0) client.destroy();
      else broker.write(request);
    });
    broker.on('data', (answer) => client.write(answer));
    for (const [one, other] of [[client, broker] as const, [broker, client] as const])
      one.on('error', () => {}).on('close', () => other.destroy());
  });
  await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
  cleanUps.push(() => between.close());
  const { port: proxied } = between.address() as { port: number };
  const sasl = { mechanism: 'plain', username: USER, password: PASSWORD } as const;
  const log: KafkaEventLog = made.open({}, { brokers: [`127.0.0.1:${proxied}`], sasl });
  await expect(log.ensureTopics()).rejects.toMatchObject({ code: 'kafka_unavailable', retryable: true });
  await log.ensureTopics();
  expect(cut).toBeGreaterThan(1);
});
