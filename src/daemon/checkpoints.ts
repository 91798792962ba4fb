import { setImmediate as turn } from 'node:timers/promises';
import { messageOf } from '../domain/errors.ts';
import { SnapshotEncoder } from '../engine/index.ts';
import { checkpointChunks, encodeHead } from './checkpoint.ts';
import type { HeldPartition } from './held-partition.ts';
import { Serial } from './serial.ts';

/** How often a partition is saved. */
export interface CheckpointPace {
  readonly everyMs: number;
  /** What all partitions together may write in the long run; beyond it each is saved less often. */
  readonly bytesPerMs: number;
}

export interface CheckpointsOptions {
  readonly pace: CheckpointPace;
  /** Wall clock, epoch ms. */
  readonly now: () => number;
  readonly commit: (partition: number, nextOffset: number) => Promise<void>;
  /** What cannot be saved or committed, and why; null when it can. It is tried again: reading goes on meanwhile. */
  readonly onWaiting: (why: string | null) => void;
  /** Another instance has taken the partition over. */
  readonly onLost: (held: HeldPartition) => void;
}

/** A partition's state at one moment; its larger part is in the encoder. */
interface Copied {
  readonly offset: number;
  readonly head: Uint8Array;
}

/**
 * Saves partitions' checkpoints, one at a time, in memory that is used again. A partition stands still only while its state
 * is copied, the loop for no more than a slice of that; bytes are encoded and stored while it reads on.
 */
export class Checkpoints {
  readonly #options: CheckpointsOptions;
  readonly #encoder = new SnapshotEncoder();
  /** Who has the encoder. Taken before a partition's own turn, never after it. */
  readonly #turn = new Serial();

  constructor(options: CheckpointsOptions) {
    this.#options = options;
  }

  async saveDue(all: readonly HeldPartition[]): Promise<void> {
    const { pace, now } = this.#options;
    const bytes = all.reduce((sum, { slot }) => sum + slot.bytes, 0);
    const pause = Math.max(pace.everyMs, bytes / pace.bytesPerMs);
    await this.saveAll(all.filter(({ slot }) => now() - slot.savedAt >= pause));
  }

  /** Up to the first that fails: the others would wait for the same store in vain. */
  async saveAll(all: readonly HeldPartition[]): Promise<void> {
    const commits: Promise<unknown>[] = [];
    for (const held of all) {
      if (!(await this.#save(held))) break;
      commits.push(this.#told(() => this.#commit(held)));
    }
    await Promise.all(commits);
  }

  /** Saves a partition, or fails to, and then does something else, with no record in between. */
  saveThen(held: HeldPartition, next: () => Promise<void>): Promise<void> {
    return this.#turn.run(() =>
      held.serial.run(async () => {
        await this.#told(async () => this.#store(held, await this.#copy(held)));
        await next();
      }),
    );
  }

  #save(held: HeldPartition): Promise<boolean> {
    return this.#turn.run(() =>
      this.#told(async () => this.#store(held, await held.serial.run(() => this.#copy(held)))),
    );
  }

  /** @returns null where nothing is new */
  async #copy({ partition, slot, isReleased }: HeldPartition): Promise<Copied | null> {
    const { engine } = partition;
    slot.savedAt = this.#options.now();
    // What timers did since the last record, they do again.
    if (isReleased || slot.savedOffset === engine.nextOffset) return null;
    const head = encodeHead(partition.head());
    for (const _ of this.#encoder.copy(engine.snapshot())) await turn();
    return { offset: engine.nextOffset, head };
  }

  async #store(held: HeldPartition, copied: Copied | null): Promise<void> {
    if (copied === null) return;
    const { offset, head } = copied;
    if (await held.slot.save(offset, checkpointChunks(head, this.#encoder.chunks()))) return;
    if (!held.isReleased) this.#options.onLost(held);
  }

  async #commit(held: HeldPartition): Promise<void> {
    const { savedOffset } = held.slot;
    if (held.isReleased || savedOffset < 0 || held.committed === savedOffset) return;
    await this.#options.commit(held.partition.partition, savedOffset);
    held.committed = savedOffset;
  }

  /** @returns whether it went well; people are told. */
  async #told(attempt: () => Promise<void>): Promise<boolean> {
    try {
      await attempt();
      this.#options.onWaiting(null);
      return true;
    } catch (error) {
      this.#options.onWaiting(messageOf(error));
      return false;
    }
  }
}
