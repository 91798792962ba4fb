import { crc32c } from '@node-rs/crc32';
import { SentinelError } from '../domain/errors.ts';
import type { SymbolsSnapshot } from '../domain/event/symbols.ts';
import { jsonPieces } from './json-pieces.ts';
import type { Snapshot } from './parts.ts';

/** The first bytes of every snapshot: what it is and in which form, as words in the machine's own byte order. */
const MAGIC = 0x54_4e_53_41;
const VERSION = 5;
const HEADER_BYTES = 8;
const TRAILER_BYTES = 16;
/** Of the index, in the trailer. */
const LENGTH_BYTES = 8;
/** Small enough that a store which takes one is not away for others meanwhile. */
const CHUNK_BYTES = 1 << 19;
/** A slice of work, in bytes: a millisecond or two where memory is slow. */
const SLICE_BYTES = 4 << 20;
const SPACE = 0x20;

/** The interned ids that a snapshot speaks of: restore the symbols from them first. */
export function symbolsOf(snapshot: Snapshot): SymbolsSnapshot {
  const symbols = snapshot.facts.symbols;
  if (symbols === undefined) throw damaged('it has no symbols');
  return symbols as SymbolsSnapshot;
}

/**
 * Turns snapshots into bytes while the engine goes on: first `copy`, then `chunks`, both in slices of a few milliseconds at
 * most. The engine has to stand still until its copy is whole, and no longer.
 *
 * The bytes are: magic and version; the columns, each from a multiple of 8; the index (facts and lengths of columns, as
 * JSON); the index's length, the CRC-32C of all before it, magic.
 */
export class SnapshotEncoder {
  /** Used again for every snapshot: touching fresh memory would take longer than the copy. */
  private memory = new Uint8Array(0);
  private used = 0;
  private index: unknown = null;

  /** Copies the columns; yields between slices. The one before is gone. */
  *copy(snapshot: Snapshot): Generator<void> {
    const columns = Object.entries(snapshot.columns);
    const lengths = columns.map(([name, pieces]) => [name, lengthOf(pieces)] as const);
    this.index = { facts: snapshot.facts, lengths };
    this.claim(lengths.reduce((sum, [, length]) => sum + padded(length), HEADER_BYTES));
    new Uint32Array(this.memory.buffer).set([MAGIC, VERSION]);
    let at = HEADER_BYTES;
    let copied = 0;
    for (const [, pieces] of columns) {
      for (const slice of pieces.flatMap((piece) => [...slicesOf(piece, SLICE_BYTES)])) {
        this.memory.set(slice, at);
        at += slice.length;
        copied += slice.length;
        if (copied < SLICE_BYTES) continue;
        copied = 0;
        yield;
      }
      this.memory.fill(0, at, padded(at));
      at = padded(at);
    }
  }

  /** What was copied last, in chunks of at most 512 KiB, made when they are asked for: views, good until the next copy. */
  *chunks(): Generator<Uint8Array> {
    let sum = 0;
    let indexBytes = 0;
    for (const chunk of slicesOf(this.memory.subarray(0, this.used), CHUNK_BYTES)) {
      sum = crc32c(chunk, sum);
      yield chunk;
    }
    for (const text of jsonPieces(this.index)) {
      for (const chunk of slicesOf(spaced(text), CHUNK_BYTES)) {
        sum = crc32c(chunk, sum);
        indexBytes += chunk.length;
        yield chunk;
      }
    }
    const trailer = new Uint32Array(TRAILER_BYTES / 4);
    trailer.set([indexBytes, indexBytes / 2 ** 32]);
    sum = crc32c(new Uint8Array(trailer.buffer, 0, LENGTH_BYTES), sum);
    trailer.set([sum, MAGIC], LENGTH_BYTES / 4);
    yield new Uint8Array(trailer.buffer);
  }

  private claim(bytes: number): void {
    this.used = bytes;
    if (bytes > this.memory.length) this.memory = new Uint8Array(padded(bytes * 1.25));
  }
}

/** Copies a snapshot and encodes it, all at once. */
export function* encodeSnapshot(snapshot: Snapshot): Generator<Uint8Array> {
  const encoder = new SnapshotEncoder();
  for (const _ of encoder.copy(snapshot));
  yield* encoder.chunks();
}

/**
 * The inverse of {@link encodeSnapshot}, of all chunks joined.
 * @throws SentinelError `internal`, not retryable, when the bytes are damaged or of another version.
 */
export function decodeSnapshot(bytes: Uint8Array): Snapshot {
  // A copy of its own, so that words are aligned. (A Buffer's `slice` copies nothing.)
  const own = new Uint8Array(bytes);
  const words = new Uint32Array(own.buffer, 0, own.length >>> 2);
  if (own.length < HEADER_BYTES + TRAILER_BYTES || own.length % 8 !== 0) throw damaged(`it has ${own.length} bytes`);
  if (words[0] !== MAGIC) throw damaged('it does not begin like one');
  if (words[1] !== VERSION) throw damaged(`it has version ${words[1]}, expected ${VERSION}`);
  const end = own.length - TRAILER_BYTES;
  const [low, high, sum, magic] = words.subarray(end / 4) as unknown as [number, number, number, number];
  if (magic !== MAGIC) throw damaged('it does not end like one');
  if (crc32c(own.subarray(0, end + LENGTH_BYTES)) !== sum) throw damaged('its checksum is wrong');
  const start = end - (low + high * 2 ** 32);
  const { facts, lengths } = JSON.parse(new TextDecoder().decode(own.subarray(start, end))) as Index;
  const columns: Record<string, readonly Uint8Array[]> = {};
  let at = HEADER_BYTES;
  for (const [name, length] of lengths) {
    columns[name] = [own.subarray(at, at + length)];
    at += padded(length);
  }
  return { facts, columns };
}

interface Index {
  readonly facts: Record<string, unknown>;
  readonly lengths: readonly (readonly [string, number])[];
}

function damaged(what: string): SentinelError {
  return new SentinelError('internal', `the engine's snapshot cannot be read: ${what}; start without it`);
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}

function padded(length: number): number {
  return Math.ceil(length / 8) * 8;
}

function* slicesOf(bytes: Uint8Array, length: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

/** JSON as UTF-8, with white space up to a multiple of 8. */
function spaced(json: string): Uint8Array {
  const bytes = new TextEncoder().encode(json);
  if (bytes.length % 8 === 0) return bytes;
  const whole = new Uint8Array(padded(bytes.length)).fill(SPACE, bytes.length);
  whole.set(bytes);
  return whole;
}
