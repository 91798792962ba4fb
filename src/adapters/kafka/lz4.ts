/**
 * How large an LZ4 frame is when decompressed, without decompressing it: the library that does has no bound.
 *
 * Frame: magic, flags, block size code, [content size], [dictionary id], header checksum, then blocks of
 * size and data until a size of 0, [content checksum]. Block: sequences of literals and matches, of which only the
 * lengths matter here.
 */
const MAGIC = 0x184d2204;
const UNCOMPRESSED = 0x80000000;

/** @throws on what is not exactly one whole LZ4 frame */
export function lz4FrameSize(bytes: Buffer): number {
  if (bytes.readUInt32LE(0) !== MAGIC) throw new Error('not an LZ4 frame');
  const flags = bytes.readUInt8(4);
  const blockChecksum = flags & 0x10 ? 4 : 0;
  let at = 7 + (flags & 0x08 ? 8 : 0) + (flags & 0x01 ? 4 : 0);
  let size = 0;
  for (;;) {
    const header = bytes.readUInt32LE(at);
    at += 4;
    if (header === 0) break;
    const length = header & ~UNCOMPRESSED;
    if (at + length > bytes.length) throw new Error('a block is cut off');
    size += header >>> 31 === 1 ? length : blockSize(bytes, at, at + length);
    at += length + blockChecksum;
  }
  const end = at + (flags & 0x04 ? 4 : 0);
  if (end !== bytes.length) throw new Error('more than one frame');
  return size;
}

function blockSize(bytes: Buffer, start: number, end: number): number {
  let at = start;
  let size = 0;
  while (at < end) {
    const token = bytes[at++]!;
    let literals = token >> 4;
    if (literals === 15) [literals, at] = longer(bytes, at, end, literals);
    size += literals;
    at += literals;
    if (at >= end) break; // the last sequence has no match
    at += 2;
    let match = token & 15;
    if (match === 15) [match, at] = longer(bytes, at, end, match);
    size += match + 4;
  }
  return size;
}

function longer(bytes: Buffer, start: number, end: number, length: number): [length: number, at: number] {
  let at = start;
  let total = length;
  for (let byte = 255; byte === 255; total += byte) {
    if (at >= end) throw new Error('a block is cut off');
    byte = bytes[at++]!;
  }
  return [total, at];
}
