import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { messageOf, SentinelError } from '../domain/errors.ts';

const CHUNK_BYTES = 1 << 20;
/** The name that stands for standard input. */
export const STDIN = '-';

/** The bytes of a file, or of standard input; unpacked where they are gzip, whatever the name is. */
export async function* readSource(name: string, stdin: () => Readable): AsyncGenerator<Uint8Array> {
  const raw = name === STDIN ? stdin() : createReadStream(name, { highWaterMark: CHUNK_BYTES });
  try {
    yield* unpacked(raw);
  } catch (error) {
    const what = name === STDIN ? 'standard input' : name;
    const expected = 'expected a readable file with one event per line, plain or gzip';
    throw new SentinelError('usage', `${what} cannot be read (${reason(error)}), ${expected}`, { cause: error });
  }
}

/** In words where it is the usual mistake. */
function reason(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EISDIR':
      return 'it is a folder';
    case 'EACCES':
      return 'permission denied';
    default:
      return messageOf(error);
  }
}

async function* unpacked(raw: Readable): AsyncGenerator<Uint8Array> {
  const chunks: AsyncIterator<Uint8Array> = raw[Symbol.asyncIterator]();
  try {
    const head = await firstBytes(chunks);
    const all = rest(head, chunks);
    yield* isGzip(head) ? gunzipped(all) : all;
  } finally {
    await chunks.return?.();
  }
}

/** As many chunks as it takes to tell what they are. */
async function firstBytes(chunks: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  let head: Uint8Array = new Uint8Array(0);
  while (head.length < 2) {
    const { value, done } = await chunks.next();
    if (done) break;
    head = head.length === 0 ? value : Buffer.concat([head, value]);
  }
  return head;
}

async function* rest(head: Uint8Array, chunks: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield head;
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
}

function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

async function* gunzipped(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  const fed = pipeline(Readable.from(packed), gunzip);
  fed.catch(() => {}); // iterating says the same
  yield* gunzip as AsyncIterable<Uint8Array>;
  await fed;
}
