import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import type { Database } from 'lmdb';
import { isRetryable, messageOf } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { LogBatch, LogConsumer, LogSubscription } from '../../ports/event-log.ts';
import type { EmbeddedStore } from './store.ts';
import type { TopicTables } from './topic-tables.ts';

const BATCH = 500;
/** How soon another process's appends are seen, ms. Our own wake at once. */
const LOOK_EVERY_MS = 20;
/** How often a drained partition says so again, ms. */
const DRAINED_EVERY_MS = 1_000;
/** A reader that has not been heard of for that long is gone, ms. */
const OWNER_LOST_MS = 5_000;
const OWNER_BEAT_MS = 1_000;

interface Owner {
  readonly pid: number;
  readonly at: number;
}

/**
 * The one reader of the events topic.
 *
 *   waiting (another process reads) ──► restoring ──► reading ──► stopped | crashed
 */
export class EmbeddedConsumer implements LogSubscription {
  readonly #store: EmbeddedStore;
  readonly #tables: TopicTables;
  readonly #topic: string;
  readonly #partitions: readonly number[];
  readonly #clock: Clock;
  readonly #consumer: LogConsumer;
  readonly #onEnd: () => void;
  readonly #owners: Database<Owner, string>;
  readonly #commits: Database<number, [string, number]>;
  readonly #abort = new AbortController();
  readonly #paused = new Set<number>();
  #life: Promise<void> = Promise.resolve();
  #next = new Map<number, number>();
  #drainedAt = new Map<number, number>();
  #beatAt = 0;
  #outage: string | null = null;
  #wake: () => void = () => {};

  constructor(
    store: EmbeddedStore,
    tables: TopicTables,
    topic: string,
    partitions: number,
    clock: Clock,
    consumer: LogConsumer,
    onEnd: () => void,
  ) {
    this.#store = store;
    this.#tables = tables;
    this.#topic = topic;
    this.#partitions = Array.from({ length: partitions }, (_, partition) => partition);
    this.#clock = clock;
    this.#consumer = consumer;
    this.#onEnd = onEnd;
    this.#owners = store.table('owners');
    this.#commits = store.table('commits');
  }

  start(): void {
    this.#life = this.#live().catch((error: unknown) => {
      this.#abort.abort();
      this.#consumer.crashed(error instanceof Error ? error : new Error(String(error)));
    });
    void this.#life.finally(this.#onEnd);
  }

  /** Something was appended here. */
  wake(): void {
    this.#wake();
  }

  async commit(partition: number, nextOffset: number): Promise<void> {
    await this.#store.writeLater(() => void this.#commits.put([this.#topic, partition], nextOffset));
  }

  pause(partition: number): void {
    this.#paused.add(partition);
  }

  resume(partition: number): void {
    this.#paused.delete(partition);
    this.#wake();
  }

  outage(): string | null {
    return this.#outage;
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#wake();
    await this.#life;
  }

  async #live(): Promise<void> {
    await this.#own();
    if (this.#stopped) return;
    this.#next = new Map(await this.#consumer.assigned(this.#partitions));
    while (!this.#stopped) {
      await this.#beat();
      const read = await this.#readOnce();
      if (read) await turn();
      else if (!this.#stopped) await this.#pauseUntilWoken();
    }
    await this.#disown();
  }

  get #stopped(): boolean {
    return this.#abort.signal.aborted;
  }

  /** @returns true when there may be more to read at once. */
  async #readOnce(): Promise<boolean> {
    let more = false;
    for (const partition of this.#partitions) {
      if (this.#stopped || this.#paused.has(partition)) continue;
      const batch = this.#batchOf(partition);
      if (batch === null) continue;
      await this.#consumer.batch(batch);
      this.#next.set(partition, batch.nextOffset);
      more ||= batch.records.length > 0;
    }
    return more;
  }

  #batchOf(partition: number): LogBatch | null {
    const askedAt = this.#clock.now();
    const from = this.#next.get(partition) ?? 0;
    const { endOffset, records } = this.#store.read(() => ({
      endOffset: this.#tables.end(this.#topic, partition),
      records: this.#tables.read(this.#topic, partition, from, BATCH),
    }));
    const first = records[0]?.offset ?? Math.max(from, endOffset);
    if (records.length === 0 && first === from) {
      if (askedAt - (this.#drainedAt.get(partition) ?? 0) < DRAINED_EVERY_MS) return null;
      this.#drainedAt.set(partition, askedAt);
    } else this.#drainedAt.delete(partition);
    return {
      partition,
      records,
      nextOffset: (records.at(-1)?.offset ?? first - 1) + 1,
      endOffset,
      askedAt,
      ...(first > from ? { gap: { from, to: first } } : {}),
      logAppendTime: true,
      isStale: () => false,
      heartbeat: () => this.#beat(),
    };
  }

  async #pauseUntilWoken(): Promise<void> {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    if (this.#stopped) return;
    await sleep(LOOK_EVERY_MS, undefined, { signal: woken.signal }).catch(() => {});
  }

  /** One process reads at a time: two would decide everything twice. */
  async #own(): Promise<void> {
    while (!this.#stopped && !(await this.#tryOwn())) {
      const owner = this.#store.read(() => this.#owners.get(this.#topic));
      this.#outage = `another process (${owner?.pid ?? '?'}) reads ${this.#store.dir}`;
      await sleep(LOOK_EVERY_MS * 10, undefined, { signal: this.#abort.signal }).catch(() => {});
    }
    this.#outage = null;
  }

  #tryOwn(): Promise<boolean> {
    return this.#store.writeLater(() => {
      const owner = this.#owners.get(this.#topic);
      const now = this.#clock.now();
      if (owner !== undefined && owner.pid !== process.pid && isAlive(owner.pid) && now - owner.at < OWNER_LOST_MS)
        return false;
      void this.#owners.put(this.#topic, { pid: process.pid, at: now });
      return true;
    });
  }

  async #beat(): Promise<void> {
    const now = this.#clock.now();
    if (now - this.#beatAt < OWNER_BEAT_MS) return;
    this.#beatAt = now;
    try {
      await this.#store.writeLater(() => void this.#owners.put(this.#topic, { pid: process.pid, at: now }));
      this.#outage = null;
    } catch (error) {
      // A full disk: nobody else can write that it reads either, so reading goes on.
      if (!isRetryable(error)) throw error;
      this.#outage = messageOf(error);
    }
  }

  async #disown(): Promise<void> {
    // Where that cannot be written, whoever comes next sees that our process is gone.
    await this.#store.writeLater(() => void this.#owners.remove(this.#topic)).catch(() => {});
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
