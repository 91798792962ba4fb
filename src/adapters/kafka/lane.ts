import type { LogBatch } from '../../ports/event-log.ts';

interface Offered {
  readonly batch: LogBatch;
  /** To be called when nobody reads the batch any more. */
  readonly drop: () => void;
}

/** One partition's way to the consumer: one batch in hand, at most one waiting behind it. */
export class Lane {
  readonly partition: number;
  /** The offset to fetch next. */
  position: number;
  /** As of the last batch that held anything. */
  logAppendTime = true;
  readonly #handle: (batch: LogBatch, drop: () => void) => Promise<void>;
  readonly #onRoom: () => void;
  #waiting: Offered | null = null;
  #inHand: Promise<void> | null = null;
  #isPaused = false;
  #isClosed = false;
  #drainedAt = Number.NEGATIVE_INFINITY;
  #doubtedAt: number | null = null;

  /**
   * @param handle takes one batch, and drops it when nobody reads it any more; never rejects
   * @param onRoom called when there is room for another batch
   */
  constructor(
    partition: number,
    position: number,
    handle: (batch: LogBatch, drop: () => void) => Promise<void>,
    onRoom: () => void,
  ) {
    this.partition = partition;
    this.position = position;
    this.#handle = handle;
    this.#onRoom = onRoom;
  }

  get wantsRecords(): boolean {
    return this.#waiting === null && !this.#isPaused && !this.#isClosed;
  }

  /** True when an end that was reached is worth saying: nothing is in hand, and it was not said just now. */
  isDrainedDue(everyMs: number): boolean {
    return this.#inHand === null && performance.now() - this.#drainedAt >= everyMs;
  }

  /**
   * What could not be read there is asked for once more: the end that a broker tells may be older than the records of the same
   * answer, which then seem to lie beyond the log. @returns false the second time
   */
  doubts(offset: number): boolean {
    if (this.#doubtedAt === offset) return false;
    this.#doubtedAt = offset;
    return true;
  }

  offer(batch: LogBatch, drop: () => void = () => {}): void {
    // After records the end is said at once, then from time to time.
    this.#drainedAt = batch.records.length > 0 ? Number.NEGATIVE_INFINITY : performance.now();
    this.#waiting = { batch, drop };
    this.#advance();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#advance();
    this.#onRoom();
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting = null;
  }

  async idle(): Promise<void> {
    await this.#inHand;
  }

  #advance(): void {
    if (this.#inHand !== null || this.#isPaused || this.#waiting === null) return;
    const { batch, drop } = this.#waiting;
    this.#waiting = null;
    this.#inHand = this.#handle(batch, drop).finally(() => {
      this.#inHand = null;
      this.#advance();
    });
    this.#onRoom();
  }
}
