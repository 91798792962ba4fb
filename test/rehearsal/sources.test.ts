import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { isSentinelError } from '../../src/domain/errors.ts';
import { readSource } from '../../src/rehearsal/sources.ts';

const dir = mkdtempSync(join(tmpdir(), 'sentinel-sources-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const TEXT = 'one\ntwo\nthree\n'.repeat(1_000);
const noStdin = (): Readable => {
  throw new Error('standard input was not asked for');
};

async function read(name: string, stdin = noStdin): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readSource(name, stdin)) chunks.push(chunk.slice());
  return Buffer.concat(chunks).toString();
}

function file(name: string, content: Uint8Array | string): string {
  writeFileSync(join(dir, name), content);
  return join(dir, name);
}

/** Byte by byte, as a slow pipe may give it. */
const trickle = (bytes: Uint8Array) => () => Readable.from([...bytes].map((byte) => Buffer.from([byte])));

describe('a source of events', () => {
  it('is a plain file, a packed one whatever it is called, or several packed ones in one', async () => {
    expect(await read(file('plain.ndjson', TEXT))).toBe(TEXT);
    expect(await read(file('packed.ndjson', gzipSync(TEXT)))).toBe(TEXT);
    expect(await read(file('two.gz', Buffer.concat([gzipSync(TEXT), gzipSync(TEXT)])))).toBe(TEXT + TEXT);
    expect(await read(file('empty.ndjson', ''))).toBe('');
    expect(await read(file('one-byte.ndjson', 'x'))).toBe('x');
  });

  it('is standard input, plain or packed, however slowly it comes', async () => {
    const short = Buffer.from(TEXT.slice(0, 200));
    expect(await read('-', trickle(short))).toBe(short.toString());
    expect(await read('-', trickle(gzipSync(short)))).toBe(short.toString());
  });

  it.each([
    ['is not there', () => join(dir, 'missing.ndjson'), 'there is no such file'],
    ['is a folder', () => dir, 'it is a folder'],
    ['is packed and cut off', () => file('cut.gz', gzipSync(TEXT).subarray(0, 60)), 'unexpected end of file'],
    [
      'only begins like a packed one',
      () => file('fake.gz', Buffer.from([0x1f, 0x8b, 1, 2, 3])),
      'unknown compression method',
    ],
  ])('that %s is told in one sentence with its name, and why', async (_, make, why) => {
    const name = make();
    const failed = await read(name).catch((error: unknown) => error);
    expect(isSentinelError(failed) && failed.code).toBe('usage');
    expect((failed as Error).message).toBe(
      `${name} cannot be read (${why}), expected a readable file with one event per line, plain or gzip`,
    );
  });

  it('that nobody wants to the end is closed', async () => {
    const raw = trickle(gzipSync(TEXT))();
    for await (const _ of readSource('-', () => raw)) break;
    expect(raw.destroyed).toBe(true);
  });
});
