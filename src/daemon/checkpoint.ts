import type { Decision } from '../domain/decision.ts';
import type { CheckpointStore, StoredCheckpoint } from '../ports/checkpoint-store.ts';
import type { ResponderState } from '../responder/responder.ts';
import type { OpenLeak } from './leaks.ts';
import type { Outgoing } from './outgoing.ts';

/** What a partition needs, besides the engine's own state, to go on as if it had never stopped. */
export interface CheckpointHead {
  readonly version: 1;
  /** Position of the last record and the greatest append time up to it: tells another log from this one. */
  readonly last: { readonly offset: number; readonly appendedAt: number } | null;
  readonly responder: ResponderState;
  /** Applied, but not known to be in Kafka: tried again under the same id. */
  readonly unconfirmed: readonly Decision[];
  readonly outgoing: readonly WrittenOutgoing[];
  readonly leaks: readonly OpenLeak[];
  /** Decisions wait until this offset is reached: a replay that began without a checkpoint is not over before. */
  readonly quietUntil: number;
}

/** An outgoing message as JSON: bytes as base64. */
export interface WrittenOutgoing {
  readonly topic: string;
  readonly key: string | null;
  readonly value: string | null;
  readonly base64: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

const CHUNK_BYTES = 1024 * 1024;

export function encodeHead(head: CheckpointHead): Uint8Array {
  const json = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return Buffer.concat([length, json]);
}

/** An encoded head and the engine's state as chunks for the store. */
export function* checkpointChunks(head: Uint8Array, engine: Iterable<Uint8Array>): Generator<Uint8Array> {
  for (let at = 0; at < head.length; at += CHUNK_BYTES) yield head.subarray(at, at + CHUNK_BYTES);
  yield* engine;
}

export function decodeCheckpoint({ bytes }: StoredCheckpoint): { head: CheckpointHead; engine: Uint8Array } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = 4 + buffer.readUInt32LE(0);
  return {
    head: JSON.parse(buffer.toString('utf8', 4, end)) as CheckpointHead,
    engine: bytes.subarray(end),
  };
}

export function writeOutgoing({ topic, message }: Outgoing): WrittenOutgoing {
  const { key, value, headers = {} } = message;
  const base64 = value !== null && typeof value !== 'string';
  return { topic, key, value: base64 ? Buffer.from(value).toString('base64') : value, base64, headers };
}

export function readOutgoing({ topic, key, value, base64, headers }: WrittenOutgoing, owner: number): Outgoing {
  const bytes = base64 && value !== null ? Buffer.from(value, 'base64') : value;
  return { topic, owner, message: { key, value: bytes, headers } };
}

/** A partition's checkpoints under one assignment. */
export class CheckpointSlot {
  readonly #store: CheckpointStore;
  readonly #log: string;
  readonly #partition: number;
  readonly #epoch: number;
  /** When it was saved last, or is to count as saved, epoch ms. */
  savedAt = 0;
  /** Next offset of the newest checkpoint; -1 before there is one. */
  #savedOffset = -1;
  #bytes = 0;

  private constructor(store: CheckpointStore, log: string, partition: number, epoch: number) {
    this.#store = store;
    this.#log = log;
    this.#partition = partition;
    this.#epoch = epoch;
  }

  /** Takes the partition over from whoever had it. */
  static async take(store: CheckpointStore, log: string, partition: number): Promise<CheckpointSlot> {
    return new CheckpointSlot(store, log, partition, await store.begin(log, partition));
  }

  get savedOffset(): number {
    return this.#savedOffset;
  }

  /** Size of the newest checkpoint of this assignment. */
  get bytes(): number {
    return this.#bytes;
  }

  async load(): Promise<StoredCheckpoint | null> {
    return this.#store.load(this.#log, this.#partition);
  }

  /** The checkpoint that was loaded is as good as one of ours. */
  useLoaded(offset: number): void {
    this.#savedOffset = offset;
  }

  /** @returns false when another instance has taken over, or nothing is newer. */
  async save(offset: number, chunks: Iterable<Uint8Array>): Promise<boolean> {
    let bytes = 0;
    function* counted(): Generator<Uint8Array> {
      for (const chunk of chunks) {
        bytes += chunk.length;
        yield chunk;
      }
    }
    const key = { log: this.#log, partition: this.#partition, epoch: this.#epoch, offset };
    if (!(await this.#store.save(key, counted()))) return false;
    this.#savedOffset = offset;
    this.#bytes = bytes;
    return true;
  }
}
