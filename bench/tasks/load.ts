/**
 * A steady stream into an events topic and, where asked for, probes in it: a session that makes its fifth equal write. The
 * time runs from before that write is produced until it would be refused here: by a guard, or, of the bare chain, when
 * its message arrives.
 */
import { Redis } from 'ioredis';
import { Kafka, logLevel, type Message } from 'kafkajs';
import { createGuard, type Guard, type GuardSession } from '../../src/guard/index.ts';
import { eventText } from '../call.ts';
import { CHANNEL } from '../probe-channel.ts';
import { type WorkEvent, workload } from '../workload.ts';
import { taskInput } from './task.ts';

export interface LoadInput {
  readonly brokers: string[];
  readonly topic: string;
  readonly partitions: number;
  /** Events per second, produced every 10 ms. */
  readonly rate: number;
  readonly sessions: number;
  readonly redisUrl: string;
  readonly keyPrefix: string;
  /** Where probes are waited for; null: there are none. */
  readonly probes: 'guard' | 'channel' | null;
  readonly probeEveryMs: number;
}

export interface SessionIds {
  readonly tenantId: string;
  readonly sessionId: string;
}

export interface LoadResult {
  readonly sent: number;
  /** Of probes, ms, in order. */
  readonly latencies: readonly number[];
  /** Probes that were not refused in the time there was. */
  readonly missing: readonly SessionIds[];
}

const TICK_MS = 10;
/** How long before its last write a probe's first four are sent. */
const AHEAD_MS = 500;
const REPEATS = 5;

const input = taskInput<LoadInput>();
const producer = new Kafka({ clientId: 'load', brokers: input.brokers, logLevel: logLevel.NOTHING }).producer();
const pending = new Map<number, number>();
let latencies: number[] = [];
let begun = 0;

function arrived(probe: number): void {
  const since = pending.get(probe);
  if (since === undefined) return;
  pending.delete(probe);
  latencies.push(performance.now() - since);
}

interface Waiting {
  /** Before the probe's first write. */
  open(probe: number): Promise<void>;
  close(): Promise<void>;
}

async function waitAtGuard(): Promise<Waiting> {
  const guard: Guard = await createGuard({ redis: { url: input.redisUrl, keyPrefix: input.keyPrefix } });
  return {
    open: async (probe) => {
      const refused = (): void => {
        if (session.check('db.write').allowed) throw new Error('a killed session may still write');
        arrived(probe);
        setImmediate(() => void session.end());
      };
      const session: GuardSession = await guard.session({ ...idsOf(probe), onKilled: refused });
      if (!session.check('db.write').allowed) throw new Error('a new session may not write');
    },
    close: () => guard.close(),
  };
}

async function waitAtChannel(): Promise<Waiting> {
  const redis = new Redis(input.redisUrl);
  await redis.subscribe(CHANNEL);
  redis.on('message', (_, probe) => arrived(Number(probe)));
  return { open: async () => {}, close: async () => redis.disconnect() };
}

/** In tenants of their own, so that no tenant rule stops them first. */
function idsOf(probe: number): SessionIds {
  return { tenantId: `probe-${probe % 20}`, sessionId: `victim-${probe}` };
}

function probeMessage(probe: number, repeat: number): Message {
  const { tenantId: tenant, sessionId: session } = idsOf(probe);
  const last = repeat === REPEATS - 1;
  const value = eventText({
    ...{ id: `${session}-${repeat}`, ts: Date.now(), tenant, session, tool: 'db.write', kind: 'write' },
    ...{ operation: probe, cost: 0, ...(last ? { marker: probe } : {}) },
  });
  return { key: tenant, value, partition: (probe % 20) % input.partitions };
}

function send(messages: Message[]): void {
  producer.send({ topic: input.topic, messages }).catch((error: Error) => {
    console.error(error.message);
    process.exit(1);
  });
}

async function probe(waiting: Waiting): Promise<void> {
  const number = begun++;
  await waiting.open(number);
  send(Array.from({ length: REPEATS - 1 }, (_, repeat) => probeMessage(number, repeat)));
  setTimeout(() => {
    const message = probeMessage(number, REPEATS - 1);
    pending.set(number, performance.now());
    send([message]);
  }, AHEAD_MS);
}

function stream(): () => void {
  const events = workload({ events: 1e9, sessions: input.sessions, startMs: Date.now(), rate: input.rate });
  const started = performance.now();
  return () => {
    const due = Math.floor(((performance.now() - started) * input.rate) / 1_000);
    const messages: Message[] = [];
    while (sent < due) {
      const { tenant, bytes } = events.next().value as WorkEvent;
      messages.push({ key: String(tenant), value: bytes, partition: tenant % input.partitions });
      sent++;
    }
    if (messages.length > 0) send(messages);
  };
}

let sent = 0;
await producer.connect();
const waiting = input.probes === null ? null : await (input.probes === 'guard' ? waitAtGuard() : waitAtChannel());
const ticks = setInterval(stream(), TICK_MS);
const probing = waiting === null ? null : setInterval(() => void probe(waiting), input.probeEveryMs);
process.on('message', (message: object) => {
  // What came before does not count: compilers and connections were still warming up.
  if ('forget' in message) latencies = [];
  if ('stop' in message) {
    if (probing !== null) clearInterval(probing);
    setTimeout(() => {
      clearInterval(ticks);
      const result: LoadResult = { sent, latencies, missing: [...pending.keys()].map(idsOf) };
      process.send?.({ result });
    }, AHEAD_MS + 1_500);
  }
});
process.send?.({ ready: true });
