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

/** Head and engine state as chunks for the store. */
export function encodeCheckpoint(head: CheckpointHead, engine: readonly Uint8Array[]): Uint8Array[] {
  const json = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return chunks(Buffer.concat([length, json, ...engine]));
}

export function decodeCheckpoint({ bytes }: StoredCheckpoint): { head: CheckpointHead; engine: Uint8Array } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = 4 + buffer.readUInt32LE(0);
  return {
    head: JSON.parse(buffer.toString('utf8', 4, end)) as CheckpointHead,
    engine: bytes.subarray(end),
  };
}

function chunks(bytes: Buffer): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) parts.push(bytes.subarray(at, at + CHUNK_BYTES));
  return parts;
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

  load(): Promise<StoredCheckpoint | null> {
    return this.#store.load(this.#log, this.#partition);
  }

  /** @returns false when another instance has taken over, or nothing is newer. */
  save(offset: number, parts: readonly Uint8Array[]): Promise<boolean> {
    return this.#store.save({ log: this.#log, partition: this.#partition, epoch: this.#epoch, offset }, parts);
  }
}
