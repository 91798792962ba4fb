import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../domain/errors.ts';
import type { EventLog, OutMessage } from '../ports/event-log.ts';

/** A message that must reach a topic, and the partition in whose checkpoint it is kept until it has. */
export interface Outgoing {
  readonly topic: string;
  /** null: of the process itself. */
  readonly owner: number | null;
  readonly message: OutMessage;
  /** Makes of it what is sent, once, in the order of sending: a link of a chain. Such messages have a key. */
  readonly seal?: () => OutMessage;
}

type OutgoingLog = Pick<EventLog, 'append' | 'partitionsOf'>;

/** Of one owner. */
export interface OutgoingLimits {
  readonly messages: number;
  readonly bytes: number;
}

export const OUTGOING_LIMITS: OutgoingLimits = { messages: 10_000, bytes: 64 * 1024 * 1024 };
const BATCH = 500;
const RETRY_MS = 250;

interface Waiting {
  owner: number | null;
  readonly message: OutMessage;
  readonly seal: (() => OutMessage) | undefined;
  sealed: OutMessage | null;
}

/** The messages of one topic, oldest first, those that are sealed before all others. A topic that takes nothing holds up no other. */
interface Lane {
  readonly topic: string;
  readonly waiting: Waiting[];
  isSending: boolean;
  outage: string | null;
}

/**
 * Messages on their way to the log, in order within their key. What is sealed goes out one partition after another: wherever
 * a crash cuts that off, the log has the beginning of a chain and no gap in it. Nothing is dropped: what is not acknowledged stays here,
 * and stands in its partition's checkpoint. When too much of a partition waits, `room` waits too, and with it that partition.
 */
export class OutgoingQueue {
  readonly #log: OutgoingLog;
  readonly #limits: OutgoingLimits;
  readonly #onOutage: (message: string) => void;
  readonly #lanes = new Map<string, Lane>();
  readonly #loads = new Map<number | null, { messages: number; bytes: number }>();
  #closed = false;
  #wake: (() => void)[] = [];

  /** `onOutage` is told once per outage of a topic. */
  constructor(log: OutgoingLog, onOutage: (message: string) => void, limits = OUTGOING_LIMITS) {
    this.#log = log;
    this.#limits = limits;
    this.#onOutage = onOutage;
  }

  push({ topic, owner, message, seal }: Outgoing): void {
    const lane = this.#lane(topic);
    lane.waiting.push({ owner, message, seal, sealed: null });
    this.#weigh(owner, message, 1);
    if (!lane.isSending) void this.#send(lane);
  }

  /** Why a topic takes nothing at the moment; null while all do. */
  get outage(): string | null {
    for (const { topic, outage } of this.#lanes.values()) if (outage !== null) return `${topic}: ${outage}`;
    return null;
  }

  get size(): number {
    let size = 0;
    for (const { waiting } of this.#lanes.values()) size += waiting.length;
    return size;
  }

  isFull(owner: number): boolean {
    const load = this.#loads.get(owner);
    return load !== undefined && (load.messages >= this.#limits.messages || load.bytes >= this.#limits.bytes);
  }

  /** Resolves when there may be room for more of this owner, or the queue is closed; after `withinMs` in any case. */
  async room(owner: number, withinMs: number): Promise<void> {
    if (this.isFull(owner) && !this.#closed) await this.#change(withinMs);
  }

  /** What is not acknowledged yet, for a partition's checkpoint. */
  pendingOf(owner: number): readonly Outgoing[] {
    return [...this.#lanes.values()].flatMap(({ topic, waiting }) =>
      waiting.filter((one) => one.owner === owner).map(({ message }) => ({ topic, owner, message })),
    );
  }

  /** A partition is let go: what it left is sent all the same (a record that is missing would break our chain). */
  release(owner: number): void {
    for (const { waiting } of this.#lanes.values()) {
      for (const one of waiting) {
        if (one.owner !== owner) continue;
        this.#weigh(owner, one.message, -1);
        one.owner = null;
        this.#weigh(null, one.message, 1);
      }
    }
  }

  /** Sends what waits, for at most that long. @returns true when everything is acknowledged. */
  async flush(timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    while (this.size > 0 && !this.#closed) {
      const left = deadline - performance.now();
      if (left <= 0) break;
      await this.#change(left);
    }
    return this.size === 0;
  }

  close(): void {
    this.#closed = true;
    this.#wakeAll();
  }

  async #send(lane: Lane): Promise<void> {
    lane.isSending = true;
    // The next tick collects what one batch of records produced.
    await Promise.resolve();
    while (lane.waiting.length > 0 && !this.#closed) {
      try {
        const batch = await this.#batch(lane);
        await this.#log.append(
          lane.topic,
          batch.map(({ message, sealed }) => sealed ?? message),
        );
        lane.outage = null;
        lane.waiting.splice(0, batch.length);
        for (const { owner, message } of batch) this.#weigh(owner, message, -1);
        this.#wakeAll();
      } catch (error) {
        const isNew = lane.outage === null;
        lane.outage = messageOf(error);
        if (isNew) this.#onOutage(`${lane.topic} takes nothing: ${lane.outage}`);
        await sleep(RETRY_MS, undefined, { ref: false });
      }
    }
    lane.isSending = false;
  }

  /** What goes out next, at the front of the lane. What was sealed and not acknowledged is sent again as it was. */
  async #batch({ topic, waiting }: Lane): Promise<readonly Waiting[]> {
    if (waiting[0]?.sealed !== null) {
      const end = waiting.findIndex(({ sealed }) => sealed === null);
      return end < 0 ? [...waiting] : waiting.slice(0, end);
    }
    const next = waiting.slice(0, BATCH);
    if (next[0]?.seal === undefined) return next;
    const keys = next.map(({ message }) => message.key ?? '');
    const partitions = await this.#log.partitionsOf(topic, keys);
    const isFirst = (_: Waiting, n: number): boolean => partitions[n] === partitions[0];
    const batch = next.filter(isFirst);
    waiting.splice(0, next.length, ...batch, ...next.filter((one, n) => !isFirst(one, n)));
    for (const one of batch) one.sealed = one.seal?.() ?? null;
    return batch;
  }

  #lane(topic: string): Lane {
    const known = this.#lanes.get(topic);
    if (known !== undefined) return known;
    const lane: Lane = { topic, waiting: [], isSending: false, outage: null };
    this.#lanes.set(topic, lane);
    return lane;
  }

  #weigh(owner: number | null, message: OutMessage, sign: 1 | -1): void {
    const load = this.#loads.get(owner) ?? { messages: 0, bytes: 0 };
    load.messages += sign;
    load.bytes += sign * (message.value?.length ?? 0);
    this.#loads.set(owner, load);
  }

  /** Resolves when something was acknowledged or the queue is closed, and after that time in any case. */
  #change(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#wake.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
