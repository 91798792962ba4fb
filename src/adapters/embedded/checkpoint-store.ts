import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { Database } from 'lmdb';
import type { CheckpointKey, CheckpointStore, StoredCheckpoint } from '../../ports/checkpoint-store.ts';
import type { Clock } from '../../ports/clock.ts';
import { EmbeddedStore } from './store.ts';

/** Chunks that were saved, under this name. */
interface Upload {
  readonly upload: string;
  readonly chunks: number;
  readonly bytes: number;
}

interface Manifest extends Upload {
  readonly epoch: number;
  readonly offset: number;
}

type PartitionKey = [log: string, partition: number];
type ChunkKey = [log: string, partition: number, upload: string, n: number];

/**
 * Opens the checkpoints in `checkpoints` below the folder of everything embedded.
 * @throws SentinelError `store_rejected` where the folder cannot be ours, `store_full` where the disk is full.
 */
export function openEmbeddedCheckpointStore(options: { readonly dir: string; readonly clock: Clock }): CheckpointStore {
  return new EmbeddedCheckpointStore(EmbeddedStore.open(join(options.dir, 'checkpoints')), options.clock);
}

/**
 * Checkpoints on lmdb. Chunks lie under names of their own until one transaction makes the manifest name them and drops the
 * ones before: the loop never waits for bytes to be copied, and a crash half way leaves the last whole checkpoint.
 */
class EmbeddedCheckpointStore implements CheckpointStore {
  readonly #store: EmbeddedStore;
  readonly #epochs: Database<number, PartitionKey>;
  readonly #manifests: Database<Manifest, PartitionKey>;
  readonly #chunks: Database<Uint8Array, ChunkKey>;
  readonly #clock: Clock;

  constructor(store: EmbeddedStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#epochs = store.table('epochs');
    this.#manifests = store.table('manifests');
    this.#chunks = store.binaryTable('chunks');
  }

  begin(log: string, partition: number): Promise<number> {
    return this.#store.writeLater(() => {
      const epoch = Math.max((this.#epochs.get([log, partition]) ?? -1) + 1, this.#clock.now() * 1_000);
      void this.#epochs.put([log, partition], epoch);
      // Uploads that came to nothing. Whoever is still at one has lost the partition now.
      const kept = this.#manifests.get([log, partition])?.upload;
      this.#drop([log, partition], (name) => name !== kept);
      return epoch;
    });
  }

  async save(key: CheckpointKey, chunks: Iterable<Uint8Array>): Promise<boolean> {
    const upload = await this.#upload(key, chunks);
    return this.#store.writeLater(() => this.#switch(key, upload));
  }

  async load(log: string, partition: number): Promise<StoredCheckpoint | null> {
    return this.#store.read(() => this.#newest(log, partition));
  }

  #newest(log: string, partition: number): StoredCheckpoint | null {
    const manifest = this.#manifests.get([log, partition]);
    if (manifest === undefined) return null;
    const { epoch, offset, upload } = manifest;
    const parts = Array.from({ length: manifest.chunks }, (_, n) => this.#chunks.get([log, partition, upload, n]));
    if (parts.some((part) => part === undefined)) return null;
    const bytes = Buffer.concat(parts as Uint8Array[]);
    return bytes.length === manifest.bytes ? { log, partition, epoch, offset, bytes } : null;
  }

  async #upload({ log, partition }: CheckpointKey, chunks: Iterable<Uint8Array>): Promise<Upload> {
    const upload = randomUUID();
    const writes: Promise<void>[] = [];
    let failure: unknown = null;
    let bytes = 0;
    for (const chunk of chunks) {
      const write = this.#store.putLater(this.#chunks, [log, partition, upload, writes.length], chunk);
      writes.push(write.catch((error: unknown) => void (failure ??= error)));
      bytes += chunk.length;
      await turn();
    }
    await Promise.all(writes);
    if (failure !== null) throw failure;
    return { upload, chunks: writes.length, bytes };
  }

  /** In a transaction. */
  #switch(key: CheckpointKey, upload: Upload): boolean {
    const { log, partition, epoch, offset } = key;
    const old = this.#manifests.get([log, partition]);
    const isRefused = epoch < (this.#epochs.get([log, partition]) ?? -1) || (old !== undefined && !isGreater(key, old));
    if (!isRefused) {
      void this.#manifests.put([log, partition], { epoch, offset, ...upload });
      void this.#epochs.put([log, partition], epoch);
    }
    const over = isRefused ? upload.upload : old?.upload;
    this.#drop([log, partition], (name) => name === over);
    return !isRefused;
  }

  #drop(partition: PartitionKey, isOver: (upload: string) => boolean): void {
    const [log, number] = partition;
    const keys = this.#chunks.getKeys({ start: [log, number, '', 0], end: [log, number + 1, '', 0] });
    for (const key of [...keys]) if (isOver(key[2])) void this.#chunks.remove(key);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

function isGreater(
  a: { readonly epoch: number; readonly offset: number },
  b: { readonly epoch: number; readonly offset: number },
): boolean {
  return a.epoch > b.epoch || (a.epoch === b.epoch && a.offset > b.offset);
}
