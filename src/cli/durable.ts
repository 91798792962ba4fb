import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Relay } from '../audit/relay.ts';
import { openLog } from '../daemon/open-ports.ts';
import { messageOf } from '../domain/errors.ts';
import { isLaterEntry } from '../killswitch/outbox-id.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { Outbox } from '../ports/kill-store.ts';
import { quietLogger } from './logger.ts';
import type { OpenedStore } from './open-store.ts';
import type { Terminal } from './output.ts';

export const DURABLE_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 20;
const CLOSE_WITHIN_MS = 500;
/** Longer than a command waits: nobody takes the lease over while it publishes. */
const LEASE_MS = 6_000;

export type Durability = { readonly durable: true } | { readonly durable: false; readonly why: string };

/**
 * Waits until the log has the audit record of that outbox entry. A daemon relays it; where the relay's lease is free, it
 * is taken here and the record published, after all that waited before it.
 */
export async function untilDurable(opened: OpenedStore, outboxId: string, terminal: Terminal): Promise<Durability> {
  const { store, config } = opened;
  const deadline = AbortSignal.timeout(DURABLE_WITHIN_MS);
  const over = aborted(deadline);
  const publisher = new Publisher(store, config.topics, () => openLog(config, quietLogger(terminal.env)));
  try {
    while (!deadline.aborted) {
      const acknowledged = await store.acknowledged();
      if (acknowledged !== null && !isLaterEntry(outboxId, acknowledged)) return { durable: true };
      const free = await store.lease(publisher.name, LEASE_MS);
      await Promise.race([free ? publisher.publish() : sleep(LOOK_EVERY_MS), over]);
    }
    return { durable: false, why: publisher.trouble ?? 'another relay holds the lease and has not published it' };
  } finally {
    await publisher.close();
  }
}

/** This process as the relay for a moment. Opens the log only when it is needed. */
class Publisher {
  readonly name = randomUUID();
  readonly #outbox: Outbox;
  readonly #topics: OpenedStore['config']['topics'];
  readonly #open: () => Promise<EventLog>;
  #log: EventLog | null = null;
  #relay: Relay | null = null;
  #trouble: string | null = null;

  constructor(outbox: Outbox, topics: OpenedStore['config']['topics'], open: () => Promise<EventLog>) {
    this.#outbox = outbox;
    this.#topics = topics;
    this.#open = open;
  }

  /** Why the newest attempt failed; null where none did. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** Never rejects: what went wrong is the trouble, and worth trying again until the deadline. */
  async publish(): Promise<void> {
    this.#trouble ??= 'the log does not answer';
    try {
      this.#relay ??= await this.#connect();
      await this.#relay.run();
      this.#trouble = null;
    } catch (error) {
      this.#trouble = messageOf(error);
      await sleep(LOOK_EVERY_MS);
    }
  }

  async close(): Promise<void> {
    await this.#outbox.release(this.name).catch(() => {});
    // A log that is away must not keep a command that is over.
    await Promise.race([this.#log?.close().catch(() => {}), sleep(CLOSE_WITHIN_MS, undefined, { ref: false })]);
  }

  async #connect(): Promise<Relay> {
    this.#log ??= await this.#open();
    await this.#log.ensureTopics();
    return new Relay(this.#outbox, this.#log, this.#topics, this.name);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
