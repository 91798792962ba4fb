import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../domain/errors.ts';
import type { EventLog, OutMessage } from '../ports/event-log.ts';

/** A message that must reach a topic, and the partition in whose checkpoint it is kept until it has. */
export interface Outgoing {
  readonly topic: string;
  /** null: of the process itself. */
  readonly owner: number | null;
  readonly message: OutMessage;
}

export interface OutgoingLimits {
  readonly messages: number;
  readonly bytes: number;
}

export const OUTGOING_LIMITS: OutgoingLimits = { messages: 10_000, bytes: 64 * 1024 * 1024 };
const BATCH = 500;
const RETRY_MS = 250;

/**
 * Messages on their way to the log, in order. Nothing is dropped: what is not acknowledged stays here, and stands in
 * its partition's checkpoint. When too much waits, `room` waits too, and with it the partition that fills it.
 */
export class OutgoingQueue {
  readonly #log: Pick<EventLog, 'append'>;
  readonly #limits: OutgoingLimits;
  readonly #onError: (message: string) => void;
  #waiting: Outgoing[] = [];
  #bytes = 0;
  #sending: Promise<void> | null = null;
  #closed = false;
  #outage: string | null = null;
  #wake: (() => void)[] = [];

  constructor(log: Pick<EventLog, 'append'>, onError: (message: string) => void, limits = OUTGOING_LIMITS) {
    this.#log = log;
    this.#limits = limits;
    this.#onError = onError;
  }

  push(outgoing: Outgoing): void {
    this.#waiting.push(outgoing);
    this.#bytes += sizeOf(outgoing.message);
    this.#sending ??= this.#send().finally(() => {
      this.#sending = null;
    });
  }

  /** Why the log takes nothing at the moment; null while it does. */
  get outage(): string | null {
    return this.#outage;
  }

  get size(): number {
    return this.#waiting.length;
  }

  get full(): boolean {
    return this.#waiting.length >= this.#limits.messages || this.#bytes >= this.#limits.bytes;
  }

  /** Resolves when there is room for more, or the queue is closed. */
  async room(): Promise<void> {
    while (this.full && !this.#closed) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  /** What is not acknowledged yet, for a partition's checkpoint. */
  pendingOf(owner: number): readonly Outgoing[] {
    return this.#waiting.filter((one) => one.owner === owner);
  }

  /** Drops what an older assignment of a partition left: its checkpoint has it. */
  forget(owner: number): void {
    this.#waiting = this.#waiting.filter((one) => one.owner !== owner);
    this.#bytes = this.#waiting.reduce((sum, one) => sum + sizeOf(one.message), 0);
  }

  /** Sends what waits, for at most that long. @returns true when everything is acknowledged. */
  async flush(timeoutMs: number): Promise<boolean> {
    const deadline = AbortSignal.timeout(timeoutMs);
    while (this.#waiting.length > 0 && !deadline.aborted) {
      await Promise.race([this.#sending, sleep(timeoutMs, undefined, { signal: deadline }).catch(() => {})]);
    }
    return this.#waiting.length === 0;
  }

  close(): void {
    this.#closed = true;
    this.#wakeAll();
  }

  async #send(): Promise<void> {
    // The next tick collects what one batch of records produced.
    await Promise.resolve();
    while (this.#waiting.length > 0 && !this.#closed) {
      const batch = sameTopic(this.#waiting);
      try {
        await this.#log.append(
          batch[0]!.topic,
          batch.map((one) => one.message),
        );
        this.#outage = null;
        this.#acknowledge(new Set(batch));
      } catch (error) {
        this.#outage = messageOf(error);
        this.#onError(this.#outage);
        await sleep(RETRY_MS, undefined, { ref: false });
      }
    }
  }

  #acknowledge(sent: ReadonlySet<Outgoing>): void {
    this.#waiting = this.#waiting.filter((one) => !sent.has(one));
    for (const one of sent) this.#bytes -= sizeOf(one.message);
    this.#bytes = Math.max(0, this.#bytes);
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

/** The longest run of one topic from the front: order holds over all topics. */
function sameTopic(waiting: readonly Outgoing[]): Outgoing[] {
  const { topic } = waiting[0]!;
  const other = waiting.findIndex((one) => one.topic !== topic);
  return waiting.slice(0, Math.min(BATCH, other < 0 ? waiting.length : other));
}

function sizeOf({ value }: OutMessage): number {
  return value === null ? 0 : value.length;
}
