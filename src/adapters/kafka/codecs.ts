import * as zlib from 'node:zlib';
import { gunzipSync } from 'node:zlib';
import { Decompress } from 'fzstd';
import { decompressFrameSync } from 'lz4-napi';
import snappy from 'snappyjs';
import { lz4FrameSize } from './lz4.ts';

/** More than this from one batch is a bomb: brokers take batches of about 1 MB. */
export const DECOMPRESSED_BYTES_MAX = 64 * 1024 * 1024;

const NAMES = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

/**
 * The records of a batch as they were before compression.
 * @param codec the lowest three bits of the batch's attributes
 * @throws with the reason in words: a codec that nobody knows, bytes that are none of it, or too many of them
 */
export function decompress(codec: number, bytes: Buffer): Buffer {
  const name = NAMES[codec];
  if (name === undefined) throw new Error(`unknown codec ${codec}`);
  try {
    return decoders[codec]!(bytes);
  } catch (error) {
    throw new Error(`not readable as ${name}: ${(error as Error).message}`);
  }
}

const decoders = [
  (bytes: Buffer) => bytes,
  (bytes: Buffer) => gunzipSync(bytes, { maxOutputLength: DECOMPRESSED_BYTES_MAX }),
  unsnappy,
  unlz4,
  unzstd,
];

const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER_BYTES = 16;

/** Plain snappy, or the blocks that Java's library frames it in. */
function unsnappy(bytes: Buffer): Buffer {
  if (!bytes.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) {
    return snappy.uncompress(bytes, DECOMPRESSED_BYTES_MAX);
  }
  const parts: Buffer[] = [];
  let left = DECOMPRESSED_BYTES_MAX;
  for (let at = XERIAL_HEADER_BYTES; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) throw new Error('a block is cut off');
    const part = snappy.uncompress(bytes.subarray(at + 4, end), left);
    left -= part.length;
    parts.push(part);
    at = end;
  }
  return Buffer.concat(parts);
}

function unlz4(bytes: Buffer): Buffer {
  limit(lz4FrameSize(bytes));
  return decompressFrameSync(bytes);
}

/** Newer Node lines have zstd built in; for the others there is one in plain JavaScript. */
function unzstd(bytes: Buffer): Buffer {
  if ('zstdDecompressSync' in zlib) {
    return zlib.zstdDecompressSync(bytes, { maxOutputLength: DECOMPRESSED_BYTES_MAX });
  }
  return unzstdInScript(bytes);
}

export function unzstdInScript(bytes: Buffer): Buffer {
  limit(zstdWindowSize(bytes));
  const parts: Uint8Array[] = [];
  let size = 0;
  const stream = new Decompress((part) => {
    size += part.length;
    limit(size);
    parts.push(part);
  });
  stream.push(bytes, true);
  return Buffer.concat(parts);
}

/** The memory that a zstd frame asks for before its first byte comes out (RFC 8878, 3.1.1.1.2). */
function zstdWindowSize(bytes: Buffer): number {
  const descriptor = bytes.readUInt8(4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  if (!isSingleSegment) {
    const window = bytes.readUInt8(5);
    const base = 2 ** (10 + (window >> 3));
    return base + (base / 8) * (window & 7);
  }
  const at = 5 + [0, 1, 2, 4][descriptor & 3]!;
  switch (descriptor >> 6) {
    case 0:
      return bytes.readUInt8(at);
    case 1:
      return bytes.readUInt16LE(at) + 256;
    case 2:
      return bytes.readUInt32LE(at);
    default:
      return Number(bytes.readBigUInt64LE(at));
  }
}

function limit(size: number): void {
  if (size > DECOMPRESSED_BYTES_MAX) throw new Error(`more than ${DECOMPRESSED_BYTES_MAX} bytes when decompressed`);
}
