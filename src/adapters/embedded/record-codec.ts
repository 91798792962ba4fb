import type { LogRecord, OutMessage } from '../../ports/event-log.ts';

/**
 * A record as bytes: append time (f64), then key, headers (JSON) and value, each with its length (u32); the length of
 * what is null is 2^32 - 1. Little-endian.
 */
const NULL = 0xffff_ffff;

export function encodeRecord({ key, value, headers = {} }: OutMessage, appendedAt: number): Buffer {
  const time = Buffer.alloc(8);
  time.writeDoubleLE(appendedAt);
  const written = Object.keys(headers).length === 0 ? '' : JSON.stringify(headers);
  return Buffer.concat([time, ...part(key), ...part(written), ...part(value)]);
}

function part(value: Uint8Array | string | null): Uint8Array[] {
  const length = Buffer.alloc(4);
  if (value === null) {
    length.writeUInt32LE(NULL);
    return [length];
  }
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  length.writeUInt32LE(bytes.length);
  return [length, bytes];
}

export function decodeRecord(topic: string, partition: number, offset: number, bytes: Buffer): LogRecord {
  const key = read(bytes, 8);
  const headers = read(bytes, key.end);
  const value = read(bytes, headers.end);
  return {
    topic,
    partition,
    offset,
    appendedAt: bytes.readDoubleLE(0),
    key: key.value,
    value: value.value,
    headers: headers.value === null || headers.value.length === 0 ? {} : JSON.parse(headers.value.toString('utf8')),
  };
}

/** When a record was appended, without reading the rest. */
export function appendedAtOf(bytes: Buffer): number {
  return bytes.readDoubleLE(0);
}

function read(bytes: Buffer, at: number): { readonly value: Buffer | null; readonly end: number } {
  const length = bytes.readUInt32LE(at);
  if (length === NULL) return { value: null, end: at + 4 };
  return { value: bytes.subarray(at + 4, at + 4 + length), end: at + 4 + length };
}
