import type { Database } from 'lmdb';
import type { CheckpointKey, CheckpointStore, StoredCheckpoint } from '../../ports/checkpoint-store.ts';
import type { EmbeddedEnv } from './env.ts';

interface Manifest {
  readonly epoch: number;
  readonly offset: number;
  readonly chunks: number;
  readonly bytes: number;
}

type PartitionKey = [log: string, partition: number];

/** Checkpoints in the embedded environment: chunks and manifest change in one transaction. */
export class EmbeddedCheckpointStore implements CheckpointStore {
  readonly #env: EmbeddedEnv;
  readonly #epochs: Database<number, PartitionKey>;
  readonly #manifests: Database<Manifest, PartitionKey>;
  readonly #chunks: Database<Buffer, [string, number, number]>;
  readonly #nowMs: () => number;

  /** @param nowMs epoch ms */
  constructor(env: EmbeddedEnv, nowMs: () => number) {
    this.#env = env;
    this.#nowMs = nowMs;
    this.#epochs = env.table<number>('checkpoint-epochs') as unknown as Database<number, PartitionKey>;
    this.#manifests = env.table<Manifest>('checkpoint-manifests') as unknown as Database<Manifest, PartitionKey>;
    this.#chunks = env.table<Buffer>('checkpoint-chunks', { encoding: 'binary' }) as unknown as Database<
      Buffer,
      [string, number, number]
    >;
  }

  begin(log: string, partition: number): Promise<number> {
    return this.#env.write(() => {
      const epoch = Math.max((this.#epochs.get([log, partition]) ?? -1) + 1, this.#nowMs() * 1_000);
      void this.#epochs.put([log, partition], epoch);
      return epoch;
    });
  }

  save(key: CheckpointKey, chunks: readonly Uint8Array[]): Promise<boolean> {
    const { log, partition, epoch, offset } = key;
    return this.#env.write(() => {
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
    const bytes = Buffer.concat(parts as Buffer[]);
    if (bytes.length !== manifest.bytes) return null;
    return { log, partition, epoch: manifest.epoch, offset: manifest.offset, bytes };
  }

  close(): Promise<void> {
    return this.#env.close();
  }
}

function isGreater(
  a: { readonly epoch: number; readonly offset: number },
  b: { readonly epoch: number; readonly offset: number },
): boolean {
  return a.epoch > b.epoch || (a.epoch === b.epoch && a.offset > b.offset);
}
