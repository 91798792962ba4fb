import { join } from 'node:path';
import type { Database } from 'lmdb';
import type { CheckpointKey, CheckpointStore, StoredCheckpoint } from '../../ports/checkpoint-store.ts';
import type { Clock } from '../../ports/clock.ts';
import { EmbeddedStore } from './store.ts';

interface Manifest {
  readonly epoch: number;
  readonly offset: number;
  readonly chunks: number;
  readonly bytes: number;
}

type PartitionKey = [log: string, partition: number];

/**
 * Opens the checkpoints in `checkpoints` below the folder of everything embedded.
 * @throws SentinelError `store_rejected` where the folder cannot be ours, `store_full` where the disk is full.
 */
export function openEmbeddedCheckpointStore(options: { readonly dir: string; readonly clock: Clock }): CheckpointStore {
  return new EmbeddedCheckpointStore(EmbeddedStore.open(join(options.dir, 'checkpoints')), options.clock);
}

/** Checkpoints on lmdb: chunks and manifest change in one transaction. */
class EmbeddedCheckpointStore implements CheckpointStore {
  readonly #store: EmbeddedStore;
  readonly #epochs: Database<number, PartitionKey>;
  readonly #manifests: Database<Manifest, PartitionKey>;
  readonly #chunks: Database<Uint8Array, [string, number, number]>;
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
      return epoch;
    });
  }

  save(key: CheckpointKey, chunks: readonly Uint8Array[]): Promise<boolean> {
    const { log, partition, epoch, offset } = key;
    return this.#store.writeLater(() => {
      if (epoch < (this.#epochs.get([log, partition]) ?? -1)) return false;
      const old = this.#manifests.get([log, partition]);
      if (old !== undefined && !isGreater(key, old)) return false;
      for (let n = chunks.length; n < (old?.chunks ?? 0); n++) void this.#chunks.remove([log, partition, n]);
      chunks.forEach((chunk, n) => void this.#chunks.put([log, partition, n], Buffer.from(chunk)));
      const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
      void this.#manifests.put([log, partition], { epoch, offset, chunks: chunks.length, bytes });
      void this.#epochs.put([log, partition], epoch);
      return true;
    });
  }

  async load(log: string, partition: number): Promise<StoredCheckpoint | null> {
    const manifest = this.#manifests.get([log, partition]);
    if (manifest === undefined) return null;
    const parts = Array.from({ length: manifest.chunks }, (_, n) => this.#chunks.get([log, partition, n]));
    if (parts.some((part) => part === undefined)) return null;
    const bytes = Buffer.concat(parts as Uint8Array[]);
    if (bytes.length !== manifest.bytes) return null;
    return { log, partition, epoch: manifest.epoch, offset: manifest.offset, bytes };
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
