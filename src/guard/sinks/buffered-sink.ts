import { isWaitedFor, SentinelError } from '../../domain/errors.ts';
import type { ValidEvent } from '../../domain/event/validate.ts';
import type { EventSink } from '../../ports/event-sink.ts';
import { encodeEvent } from './encode-event.ts';

/** One event on its way. */
export interface Outgoing {
  /** The tenant: events of one tenant stay in order. */
  readonly key: string;
  readonly json: string;
}

/** Where batches go. `deliver` resolves when all of them are safe there; a retryable rejection is tried again. */
export interface Delivery {
  deliver(batch: readonly Outgoing[]): Promise<void>;
  close(): Promise<void>;
}

export interface BufferLimits {
  /** Events that wait at most; what comes beyond is dropped. */
  readonly eventsMax: number;
  /** Their size together, UTF-16 units. */
  readonly lengthMax: number;
  readonly batchMax: number;
  readonly retryMs: readonly [first: number, longest: number];
  /** How long closing waits for what is left, ms. */
  readonly closeMs: number;
}

const LIMITS: BufferLimits = {
  eventsMax: 20_000,
  lengthMax: 32_000_000,
  batchMax: 500,
  retryMs: [100, 5_000],
  closeMs: 3_000,
};
const BATCH_LENGTH_MAX = 2_000_000;

/**
 * A sink that never waits: events gather in a bounded buffer and go out in order, batch by batch, one at a time.
 * A delivery that fails for now is repeated until it succeeds, and so is one that is refused whatever it carries: the events wait for
 * whoever mends a password or a certificate. One that fails for good is halved until the events that
 * cannot be delivered are alone, and these are dropped. Every drop is counted and, once per delivery or overflow, reported.
 */
export class BufferedSink implements EventSink {
  readonly #delivery: Delivery;
  readonly #report: (error: unknown) => void;
  readonly #limits: BufferLimits;
  #waiting: Outgoing[] = [];
  #length = 0;
  #dropped = 0;
  #reportedFull = false;
  /** Events that were delivered or given up, since the beginning. */
  #settled = 0;
  #sending: Promise<void> | null = null;
  /** The delivery under way. */
  #batch: Promise<void> = Promise.resolve();
  #closed = false;
  #closing: Promise<void> | null = null;
  /** Ends a pause between two attempts. */
  #wake: (() => void) | null = null;

  constructor(delivery: Delivery, report: (error: unknown) => void, limits: Partial<BufferLimits> = {}) {
    this.#delivery = delivery;
    this.#report = report;
    this.#limits = { ...LIMITS, ...limits };
  }

  get dropped(): number {
    return this.#dropped;
  }

  emit(event: ValidEvent): void {
    const json = this.#closed ? '' : encodeEvent(event);
    if (this.#closed) this.#drop(1);
    else if (this.#isFullFor(json)) this.#overflow();
    else this.#keep({ key: event.tenant_id, json });
  }

  async flush(timeoutMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    let isLate = false;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => resolve(), timeoutMs);
    }).then(() => {
      isLate = true;
    });
    const dropped = this.#dropped;
    const target = this.#settled + this.#waiting.length;
    while (this.#settled < target && !isLate) await Promise.race([this.#batch, late]);
    clearTimeout(timer);
    return this.#settled >= target && this.#dropped === dropped;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed = true;
    await this.flush(this.#limits.closeMs);
    const lost = this.#waiting.length;
    this.#waiting = [];
    this.#wake?.();
    if (lost > 0) this.#report(dropReport(this.#drop(lost), 'the sink was closed before they were delivered'));
    await this.#delivery.close().catch(this.#report);
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, fitting(this.#waiting, this.#limits.batchMax));
      this.#batch = this.#deliver(batch);
      await this.#batch;
      // Emptied in the meantime where the sink was closed.
      if (this.#waiting.length === 0) break;
      this.#waiting.splice(0, batch.length);
      this.#settled += batch.length;
      for (const { json } of batch) this.#length -= json.length;
      this.#reportedFull = false;
    }
    this.#sending = null;
  }

  async #deliver(batch: readonly Outgoing[]): Promise<void> {
    const [first, longest] = this.#limits.retryMs;
    for (let pauseMs = first; ; pauseMs = Math.min(longest, pauseMs * 2)) {
      try {
        return await this.#delivery.deliver(batch);
      } catch (error) {
        if (!isWaitedFor(error)) return this.#separate(batch, error);
        if (pauseMs === first) this.#report(error);
      }
      await this.#pause(pauseMs);
      if (this.#waiting.length === 0) return;
    }
  }

  async #separate(batch: readonly Outgoing[], error: unknown): Promise<void> {
    if (batch.length === 1) return this.#report(dropReport(this.#drop(1), error));
    const half = batch.length >> 1;
    await this.#deliver(batch.slice(0, half));
    await this.#deliver(batch.slice(half));
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      timer.unref();
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #isFullFor(json: string): boolean {
    return this.#waiting.length >= this.#limits.eventsMax || this.#length + json.length > this.#limits.lengthMax;
  }

  #keep(event: Outgoing): void {
    this.#waiting.push(event);
    this.#length += event.json.length;
    this.#sending ??= Promise.resolve().then(() => this.#sendAll());
  }

  #overflow(): void {
    const dropped = this.#drop(1);
    if (this.#reportedFull) return;
    this.#reportedFull = true;
    this.#report(dropReport(dropped, 'more came than could be delivered'));
  }

  #drop(count: number): number {
    this.#dropped += count;
    return this.#dropped;
  }
}

function dropReport(total: number, why: unknown): SentinelError {
  const reason = why instanceof Error ? why.message : String(why);
  return new SentinelError('internal', `Events of this guard are being dropped (${total} so far): ${reason}`);
}

/** How many from the front make a batch: at least one. */
function fitting(waiting: readonly Outgoing[], max: number): number {
  let length = 0;
  for (let count = 0; count < Math.min(max, waiting.length); count += 1) {
    length += waiting[count]?.json.length ?? 0;
    if (length > BATCH_LENGTH_MAX && count > 0) return count;
  }
  return Math.min(max, waiting.length);
}
