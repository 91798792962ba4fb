import type { CheckpointSlot } from './checkpoint.ts';
import type { Partition } from './partition.ts';
import { Serial } from './serial.ts';
import type { Progress } from './watchdog.ts';

/** A partition that is ours, with everything around it. */
export class HeldPartition {
  readonly partition: Partition;
  readonly slot: CheckpointSlot;
  /** One thing at a time happens to a partition; none waits for another. */
  readonly serial = new Serial();
  /** Next offset of the newest commit. */
  committed = -1;
  isProducerTimeTold = false;
  #isReleased = false;
  /** The greatest end offset that the log has told. */
  #endOffset = 0;
  /** Where it stood when it was looked at last, and since when, by our clock. */
  #seenOffset = -1;
  #progressedAt: number;

  constructor(partition: Partition, slot: CheckpointSlot, now: number) {
    this.partition = partition;
    this.slot = slot;
    this.#progressedAt = now;
  }

  /** It is another's, or ours anew: nothing that is done here counts any more. */
  get isReleased(): boolean {
    return this.#isReleased;
  }

  release(): void {
    this.#isReleased = true;
    this.partition.leave();
  }

  /** The log has said where it ends. */
  endsAt(offset: number): void {
    this.#endOffset = Math.max(this.#endOffset, offset);
  }

  /** To be asked regularly: it notices progress. @param pausedFor why it stands still on purpose */
  progress(now: number, pausedFor: string | null): Progress {
    const { partition, engine } = this.partition;
    const lag = Math.max(0, this.#endOffset - engine.nextOffset);
    if (lag === 0 || pausedFor !== null || engine.nextOffset !== this.#seenOffset) this.#progressedAt = now;
    this.#seenOffset = engine.nextOffset;
    return { partition, lag, progressedAt: this.#progressedAt, pausedFor };
  }
}
