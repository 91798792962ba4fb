import { SentinelError } from '../domain/errors.ts';
import type { SymbolsSnapshot } from '../domain/event/symbols.ts';
import type { Snapshot } from './parts.ts';

/** The first bytes of every snapshot: what it is and in which form, as words in the machine's own byte order. */
const MAGIC = 0x54_4e_53_41;
const VERSION = 1;
const HEADER_BYTES = 16;
const CHUNK_BYTES = 1 << 20;

/** The interned ids that a snapshot speaks of: restore the symbols from them first. */
export function symbolsOf(snapshot: Snapshot): SymbolsSnapshot {
  const symbols = snapshot.facts.symbols;
  if (symbols === undefined) throw damaged('it has no symbols');
  return symbols as SymbolsSnapshot;
}

/**
 * A snapshot as bytes, in chunks of at most 1 MiB that are made when they are asked for. It is: magic, version, length of the
 * index; the index (facts and lengths of columns, as JSON); the columns, each from a multiple of 8; a checksum of all of it.
 */
export function* encodeSnapshot(snapshot: Snapshot): Generator<Uint8Array> {
  const sum = new Checksum();
  const columns = Object.entries(snapshot.columns);
  const lengths = columns.map(([name, bytes]) => [name, bytes.length] as const);
  const index = padded(new TextEncoder().encode(JSON.stringify({ facts: snapshot.facts, lengths })), 0x20);
  const header = new Uint8Array(HEADER_BYTES);
  new Uint32Array(header.buffer).set([MAGIC, VERSION, index.length]);
  for (const part of [header, index, ...columns.map(([, bytes]) => padded(bytes, 0))]) {
    for (let at = 0; at < part.length; at += CHUNK_BYTES) {
      const chunk = part.subarray(at, at + CHUNK_BYTES);
      sum.add(chunk);
      yield chunk;
    }
  }
  const trailer = new Uint8Array(8);
  new Uint32Array(trailer.buffer).set([sum.value, MAGIC]);
  yield trailer;
}

/**
 * The inverse of {@link encodeSnapshot}, of all chunks joined.
 * @throws SentinelError `internal`, not retryable, when the bytes are damaged or of another version.
 */
export function decodeSnapshot(bytes: Uint8Array): Snapshot {
  // A copy of its own, so that words are aligned. (A Buffer's `slice` copies nothing.)
  const own = new Uint8Array(bytes);
  const words = new Uint32Array(own.buffer, 0, own.length >>> 2);
  if (own.length < HEADER_BYTES + 8 || own.length % 8 !== 0) throw damaged(`it has ${own.length} bytes`);
  if (words[0] !== MAGIC) throw damaged('it does not begin like one');
  if (words[1] !== VERSION) throw damaged(`it has version ${words[1]}, expected ${VERSION}`);
  const sum = new Checksum();
  sum.add(own.subarray(0, own.length - 8));
  if (words[words.length - 2] !== sum.value) throw damaged('its checksum is wrong');
  const start = HEADER_BYTES + (words[2] as number);
  const { facts, lengths } = JSON.parse(new TextDecoder().decode(own.subarray(HEADER_BYTES, start))) as Index;
  const columns: Record<string, Uint8Array> = {};
  let at = start;
  for (const [name, length] of lengths) {
    columns[name] = own.subarray(at, at + length);
    at += (length + 7) & ~7;
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

function padded(bytes: Uint8Array, filler: number): Uint8Array {
  if (bytes.length % 8 === 0) return bytes;
  const whole = new Uint8Array((bytes.length + 7) & ~7).fill(filler);
  whole.set(bytes);
  return whole;
}

/** A running checksum over whole 8-byte words: two lanes, so that swapped words show. Against accidents, not enemies. */
class Checksum {
  private a = 0x811c9dc5;
  private b = 0x9747b28c;

  get value(): number {
    return (this.a ^ Math.imul(this.b, 0x85ebca6b)) >>> 0;
  }

  add(bytes: Uint8Array): void {
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
    let { a, b } = this;
    for (let i = 0; i < words.length; i++) {
      a = Math.imul(a ^ (words[i] as number), 0x01000193);
      b = (b + a) | 0;
    }
    this.a = a;
    this.b = b;
  }
}
