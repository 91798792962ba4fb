/**
 * `agent-sentinel/guard`: enforces the kill state in a tool gateway or an agent's loop. See docs/embedding.md.
 * The one place of the guard that knows adapters; each is loaded only when it is asked for.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { messageOf, SentinelError } from '../domain/errors.ts';
import { DEFAULT_NAMES } from '../killswitch/keys.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventSink } from '../ports/event-sink.ts';
import { AgreedStore, type OpenStore } from './agreed-store.ts';
import { Guard } from './guard.ts';
import { GUARD_OPTIONS, type GuardOptions } from './guard-options.ts';
import { checkOptions } from './options.ts';
import { BufferedSink } from './sinks/buffered-sink.ts';
import { HttpDelivery } from './sinks/http-delivery.ts';
import { LogDelivery } from './sinks/log-delivery.ts';
import {
  EMBEDDED_SINK,
  type EmbeddedSinkOptions,
  HTTP_SINK,
  type HttpSinkOptions,
  KAFKA_SINK,
  type KafkaSinkOptions,
} from './sinks/sink-options.ts';
import { ToolKinds } from './tool-kinds.ts';

export { isRetryable, isSentinelError, SentinelError } from '../domain/errors.ts';
export type { ValidEvent as ToolCallEvent } from '../domain/event/validate.ts';
export type { ToolKind } from '../domain/tool-kind.ts';
export type { Allowed, DenialCode, Denied, Verdict } from '../domain/verdict.ts';
export type { Clock } from '../ports/clock.ts';
export type { EventSink } from '../ports/event-sink.ts';
export { CallBlocked } from './call-blocked.ts';
export type { CheckRequest, Guard, GuardState } from './guard.ts';
export type { GuardOptions, RedisAddress } from './guard-options.ts';
export type { GuardStore } from './guard-store.ts';
export type { GuardSession, SessionEnd } from './session.ts';
export type { CallOptions, CheckOptions, SessionOptions } from './session-options.ts';
export type { EmbeddedSinkOptions, HttpSinkOptions, KafkaSinkOptions } from './sinks/sink-options.ts';

/** How long `createGuard` waits for the first answer of the store. */
const START_WITHIN_MS = 1_800;

const SYSTEM_CLOCK: Clock = { now: () => Date.now() };

/**
 * Makes a guard and loads the kill state. Resolves within 2 s with the store down: such a guard denies writes, model
 * calls and new runs until the store answers.
 * @throws SentinelError `usage` for wrong options, `config_invalid` for an address that is none, `store_rejected` for a
 * folder that cannot be used.
 */
export async function createGuard(options: GuardOptions): Promise<Guard> {
  checkOptions('createGuard', options, GUARD_OPTIONS);
  const { id = newId(), events = null, clock = SYSTEM_CLOCK, hashArgs = false } = options;
  const { maxStalenessMs = 15_000, readStalenessMs = Number.POSITIVE_INFINITY, cacheTtlS } = options;
  const kinds = new ToolKinds();
  const { key_prefix: _, ...names } = { ...DEFAULT_NAMES, ...options.names };
  const store = await AgreedStore.open(openerOf(options, clock), { names, modeWhenEnabled: 'disable_writes' }, kinds);
  const guard = new Guard({
    ...{ id, store, kinds, sink: events, clock, hashArgs },
    limits: { maxStalenessMs, readStalenessMs },
    cacheTtlMs: cacheTtlS === undefined ? null : cacheTtlS * 1_000,
    report: reporter(options.onError),
  });
  await guard.start(START_WITHIN_MS);
  return guard;
}

const EVENTS_TOPIC = 'agent.tool-calls';

/** Sends events to Kafka, keyed by tenant. kafkajs is loaded with the first event. @throws SentinelError `usage` */
export function kafkaSink(options: KafkaSinkOptions): EventSink {
  checkOptions('kafkaSink', options, KAFKA_SINK);
  const { brokers, topic = EVENTS_TOPIC, onError, ...security } = options;
  const open = async () => {
    const { KafkaEventLog } = await import('../adapters/kafka/event-log.ts');
    // It only appends: groups and the other topics are the daemon's.
    const topics = { events: topic, audit: topic, kill_state: topic, dead_letter: topic };
    return new KafkaEventLog({ ...security, brokers, groupId: 'none', topics, clock: SYSTEM_CLOCK, log: () => {} });
  };
  return new BufferedSink(new LogDelivery(open, topic), reporter(onError));
}

/** Sends events to a daemon's HTTP API. @throws SentinelError `usage` */
export function httpSink(options: HttpSinkOptions): EventSink {
  checkOptions('httpSink', options, HTTP_SINK);
  return new BufferedSink(new HttpDelivery(options.url, options.token), reporter(options.onError));
}

/** Writes events into the log of a daemon that runs embedded on the same folder. @throws SentinelError `usage` */
export function embeddedSink(options: EmbeddedSinkOptions): EventSink {
  checkOptions('embeddedSink', options, EMBEDDED_SINK);
  const open = async () => {
    const { openEmbeddedEventLog } = await import('../adapters/embedded/event-log.ts');
    const topics = { events: EVENTS_TOPIC, audit: '-', kill_state: '-', dead_letter: '-' };
    return openEmbeddedEventLog({ dir: options.dir, topics, clock: SYSTEM_CLOCK });
  };
  return new BufferedSink(new LogDelivery(open, EVENTS_TOPIC), reporter(options.onError));
}

function openerOf({ redis, embedded, store, keyPrefix }: GuardOptions, clock: Clock): OpenStore {
  if ([redis, embedded, store].filter((each) => each !== undefined).length !== 1) {
    throw new SentinelError('usage', 'createGuard needs one of {redis: "redis://…"} and {embedded: "folder"}.');
  }
  if (store !== undefined) return async () => store;
  const { url, keyPrefix: key_prefix = keyPrefix ?? '' } = typeof redis === 'object' ? redis : { url: redis };
  return async ({ names, modeWhenEnabled }) => {
    const settings = { names: { ...names, key_prefix }, modeWhenEnabled };
    if (embedded !== undefined) {
      const { openEmbeddedKillStore } = await import('../adapters/embedded/kill-store.ts');
      return openEmbeddedKillStore({ dir: embedded, clock, ...settings });
    }
    const { RedisKillStore } = await import('../adapters/redis/kill-store.ts');
    return new RedisKillStore({ url: url ?? '', ...settings });
  };
}

function newId(): string {
  return `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
}

/** What goes wrong beside a call is told, and telling never fails. */
function reporter(onError: ((error: unknown) => void) | undefined): (error: unknown) => void {
  const tell = onError ?? ((error) => process.emitWarning(messageOf(error), 'AgentSentinelWarning'));
  return (error) => {
    try {
      tell(error);
    } catch {
      // Whoever is told is not ours.
    }
  };
}
