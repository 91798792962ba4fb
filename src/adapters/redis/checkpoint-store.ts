/**
 * Checkpoints in Redis. One that is being saved is invisible: its chunks lie under names of their own and expire by
 * themselves, until one script makes the manifest name them, keeps them, and drops the ones before. So a crash half way
 * leaves the last whole checkpoint, and nothing that anybody has to sweep.
 *
 * | key                                                | value                                                    |
 * | `agent_checkpoint:<log>:<partition>:epoch`         | the epoch of the newest owner                            |
 * | `agent_checkpoint:<log>:<partition>`               | hash, the manifest: epoch, offset, upload, chunks, bytes |
 * | `agent_checkpoint:<log>:<partition>:<upload>:<n>`  | chunk n                                                  |
 */
import { randomUUID } from 'node:crypto';
import { SentinelError } from '../../domain/errors.ts';
import type { CheckpointKey, CheckpointStore, StoredCheckpoint } from '../../ports/checkpoint-store.ts';
import type { RedisLink } from './connect.ts';

/** A save that takes longer than this has failed. */
const UPLOAD_MS_MAX = 10 * 60_000;
const CHUNK_BYTES_MAX = 1024 * 1024;
const READS_MAX = 5;

/** max(last + 1, TIME in µs). */
const BEGIN = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local last = tonumber(redis.call('GET', KEYS[1]) or '-1')
local epoch = string.format('%.0f', math.max(last + 1, now))
redis.call('SET', KEYS[1], epoch)
return epoch
`;

/**
 * A missing counter is lower than any: after a loss of the store the newest owner's save counts again.
 * 1: switched. 0: refused. -1: a chunk is gone.
 */
const SWITCH = `
local epoch, offset = tonumber(ARGV[1]), tonumber(ARGV[2])
if epoch < tonumber(redis.call('GET', KEYS[1]) or '-1') then return 0 end
local old = redis.call('HMGET', KEYS[2], 'epoch', 'offset', 'upload', 'chunks')
if old[1] then
  local oldEpoch = tonumber(old[1])
  if epoch < oldEpoch or (epoch == oldEpoch and offset <= tonumber(old[2])) then return 0 end
end
for n = 3, #KEYS do
  if redis.call('EXISTS', KEYS[n]) == 0 then return -1 end
end
for n = 3, #KEYS do redis.call('PERSIST', KEYS[n]) end
redis.call('SET', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[2], 'epoch', ARGV[1], 'offset', ARGV[2], 'upload', ARGV[3], 'chunks', #KEYS - 2, 'bytes', ARGV[4])
if old[3] then
  for n = 0, tonumber(old[4]) - 1 do redis.call('UNLINK', KEYS[2] .. ':' .. old[3] .. ':' .. n) end
end
return 1
`;

export class RedisCheckpointStore implements CheckpointStore {
  readonly #link: RedisLink;
  readonly #keyPrefix: string;
  readonly #report: (message: string) => void;

  /**
   * @param link closed together with the store
   * @param report is told, as one sentence, that a checkpoint was found damaged
   */
  constructor(link: RedisLink, keyPrefix: string, report: (message: string) => void) {
    this.#link = link;
    this.#keyPrefix = keyPrefix;
    this.#report = report;
  }

  async begin(log: string, partition: number): Promise<number> {
    const key = this.#key(log, partition);
    return Number(await this.#link.run((client) => client.eval(BEGIN, 1, `${key}:epoch`)));
  }

  async save(checkpoint: CheckpointKey, chunks: Iterable<Uint8Array>): Promise<boolean> {
    const { log, partition, epoch, offset } = checkpoint;
    const key = this.#key(log, partition);
    const upload = randomUUID();
    const chunkKeys: string[] = [];
    let bytes = 0;
    for (const chunk of chunks) {
      const chunkKey = `${key}:${upload}:${chunkKeys.length}`;
      await this.#put(chunkKey, chunk);
      chunkKeys.push(chunkKey);
      bytes += chunk.byteLength;
    }
    const keys = [`${key}:epoch`, key, ...chunkKeys];
    const outcome = await this.#link.run((client) =>
      client.eval(SWITCH, keys.length, ...keys, String(epoch), String(offset), upload, String(bytes)),
    );
    if (outcome === 1) return true;
    if (chunkKeys.length > 0) await this.#link.run((client) => client.unlink(chunkKeys));
    if (outcome === 0) return false;
    const text = `Redis at ${this.#link.place} lost a part of the checkpoint of partition ${partition} while it was saved. It is worth trying again.`;
    throw new SentinelError('store_unavailable', text, { retryable: true });
  }

  /** Somebody may switch the manifest while its chunks are read: then it is read again. */
  async load(log: string, partition: number): Promise<StoredCheckpoint | null> {
    const key = this.#key(log, partition);
    let manifest = await this.#manifest(key);
    for (let reads = 0; manifest !== null && reads < READS_MAX; reads++) {
      const bytes = await this.#read(key, manifest);
      if (bytes !== null) return { log, partition, epoch: manifest.epoch, offset: manifest.offset, bytes };
      const before: Manifest = manifest;
      manifest = await this.#manifest(key);
      if (manifest?.upload === before.upload) break;
    }
    if (manifest !== null) {
      this.#report(
        `The checkpoint of partition ${partition} at ${this.#link.place} is damaged (offset ${manifest.offset}): it is not used.`,
      );
    }
    return null;
  }

  async close(): Promise<void> {
    this.#link.close();
  }

  #key(log: string, partition: number): string {
    return `${this.#keyPrefix}agent_checkpoint:${log}:${partition}`;
  }

  async #put(key: string, chunk: Uint8Array): Promise<void> {
    if (chunk.byteLength > CHUNK_BYTES_MAX) {
      throw new SentinelError('internal', `A chunk of ${chunk.byteLength} bytes is more than ${CHUNK_BYTES_MAX}.`);
    }
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    await this.#link.run((client) => client.set(key, bytes, 'PX', UPLOAD_MS_MAX));
  }

  async #manifest(key: string): Promise<Manifest | null> {
    const fields = await this.#link.run((client) => client.hgetall(key));
    if (fields.upload === undefined) return null;
    const { epoch, offset, upload, chunks, bytes } = fields;
    return { epoch: Number(epoch), offset: Number(offset), upload, chunks: Number(chunks), bytes: Number(bytes) };
  }

  /** null where a chunk is gone or the length is wrong. One chunk at a time, so that others get their turn. */
  async #read(key: string, { upload, chunks, bytes }: Manifest): Promise<Buffer | null> {
    const parts: Buffer[] = [];
    for (let index = 0; index < chunks; index++) {
      const part = await this.#link.run((client) => client.getBuffer(`${key}:${upload}:${index}`));
      if (part === null) return null;
      parts.push(part);
    }
    const whole = Buffer.concat(parts);
    return whole.length === bytes ? whole : null;
  }
}

interface Manifest {
  readonly epoch: number;
  readonly offset: number;
  readonly upload: string;
  readonly chunks: number;
  readonly bytes: number;
}
