import { gzipSync } from 'node:zlib';
import { compressFrameSync } from 'lz4-napi';
import snappy from 'snappyjs';
import { describe, expect, test } from 'vitest';
import { DECOMPRESSED_BYTES_MAX, decompress, unzstdInScript } from '../../../src/adapters/kafka/codecs.ts';

const GZIP = 1;
const SNAPPY = 2;
const LZ4 = 3;
const ZSTD = 4;
const text = Buffer.from('{"tool":"email.send","args":{"to":"a@example.com"}}\n'.repeat(2000));
const tooMuch = Buffer.alloc(DECOMPRESSED_BYTES_MAX + 1);

function xerial(blocks: readonly Buffer[]): Buffer {
  const header = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
  const sized = blocks.map((block) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(block.length);
    return Buffer.concat([length, block]);
  });
  return Buffer.concat([header, ...sized]);
}

/** A zstd frame of blocks: raw ones, or one byte repeated (RFC 8878). */
function zstd(
  blocks: readonly { readonly kind: 0 | 1; readonly size: number; readonly bytes: Buffer }[],
  window = 0x38,
): Buffer {
  const parts: Buffer[] = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, window])];
  for (const [index, { kind, size, bytes }] of blocks.entries()) {
    const header = Buffer.alloc(3);
    header.writeUIntLE((size << 3) | (kind << 1) | (index === blocks.length - 1 ? 1 : 0), 0, 3);
    parts.push(header, bytes);
  }
  return Buffer.concat(parts);
}

describe('codecs', () => {
  test.each([
    ['none', 0, text],
    ['gzip', GZIP, gzipSync(text)],
    ['plain snappy', SNAPPY, snappy.compress(text)],
    ['snappy in blocks', SNAPPY, xerial([snappy.compress(text.subarray(0, 999)), snappy.compress(text.subarray(999))])],
    ['lz4', LZ4, compressFrameSync(text)],
    ['lz4 with checksums', LZ4, compressFrameSync(text, { contentChecksum: true, blockChecksums: true })],
    ['zstd', ZSTD, zstd([{ kind: 0, size: text.length, bytes: text }])],
  ])('%s gives back what was compressed', (_, codec, bytes) => {
    expect(decompress(codec, bytes).equals(text)).toBe(true);
  });

  test('zstd in plain JavaScript gives back what was compressed', () => {
    expect(unzstdInScript(zstd([{ kind: 0, size: text.length, bytes: text }])).equals(text)).toBe(true);
  });

  test.each([
    ['gzip', GZIP, () => gzipSync(tooMuch)],
    ['snappy', SNAPPY, () => snappy.compress(tooMuch)],
    [
      'snappy in blocks',
      SNAPPY,
      () => xerial(Array.from({ length: 65 }, () => snappy.compress(Buffer.alloc(1024 * 1024)))),
    ],
    ['lz4', LZ4, () => compressFrameSync(tooMuch)],
    [
      'zstd',
      ZSTD,
      () => zstd(Array.from({ length: 700 }, () => ({ kind: 1, size: 100_000, bytes: Buffer.from([65]) }))),
    ],
  ])('a bomb in %s is refused before it fills the memory', (_, codec, make) => {
    const bomb = make();
    const before = process.memoryUsage().arrayBuffers;
    expect(() => decompress(codec, bomb)).toThrow();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 * DECOMPRESSED_BYTES_MAX);
  });

  test('a zstd frame that asks for a window beyond the bound is refused in plain JavaScript too', () => {
    expect(() => unzstdInScript(zstd([{ kind: 1, size: 10, bytes: Buffer.from([65]) }], 0xa0))).toThrow('more than');
  });

  test('a second lz4 frame, which nobody would read, is told', () => {
    const frame = compressFrameSync(text);
    expect(() => decompress(LZ4, Buffer.concat([frame, frame]))).toThrow('more than one frame');
  });

  test('a codec that nobody knows is named', () => {
    for (const codec of [5, 6, 7]) expect(() => decompress(codec, text)).toThrow(`unknown codec ${codec}`);
  });
});
