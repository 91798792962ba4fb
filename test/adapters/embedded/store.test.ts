import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { embeddedError } from '../../../src/adapters/embedded/errors.ts';
import { EmbeddedStore } from '../../../src/adapters/embedded/store.ts';
import { SentinelError } from '../../../src/domain/errors.ts';
import { newFolder } from './folder.ts';

let dir: string;
beforeEach(() => {
  dir = newFolder();
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('a folder that cannot be ours', () => {
  test('below a file, is refused for good, in a sentence that names it and the setting', () => {
    const file = join(dir, 'a-file');
    writeFileSync(file, '');
    expect(refusal(join(file, 'below'))).toMatchObject({ code: 'store_rejected', retryable: false });
    expect(refusal(join(file, 'below')).message).toMatch(/a-file\/below cannot be a folder.*embedded\.dir/);
    expect(refusal(file).message).toContain('a file is in the way');
  });

  test.each(['short', 'text of another program '.repeat(1_000)])(
    'with a data file of others, is not mapped but refused',
    (text) => {
      mkdirSync(join(dir, 'kill'));
      writeFileSync(join(dir, 'kill', 'data.mdb'), text);
      expect(refusal(join(dir, 'kill'))).toMatchObject({ code: 'store_rejected', retryable: false });
      expect(refusal(join(dir, 'kill')).message).toContain('not ours or is damaged');
      expect(readFileSync(join(dir, 'kill', 'data.mdb'), 'utf8')).toBe(text);
    },
  );
});

describe('a failure of the disk', () => {
  test.each([
    ['ENOSPC: no space left on device', 'store_full', true],
    ['EFBIG: file too large, write', 'store_full', true],
    ['MDB_MAP_FULL: Environment mapsize limit reached', 'store_full', true],
    ['EACCES: permission denied, open', 'store_rejected', false],
    ['Read-only file system', 'store_rejected', false],
    ['Input/output error', 'store_unavailable', true],
  ])('%s is %s', (text, code, retryable) => {
    const error = embeddedError(new Error(text), '/var/lib/sentinel');
    expect(error).toMatchObject({ code, retryable });
    expect(error.message).toContain('/var/lib/sentinel');
    expect(embeddedError(error, 'elsewhere')).toBe(error);
  });
});

describe('a full disk', () => {
  test('is not written to the last byte: records stop first, kill state next; reading goes on', async () => {
    let room = 16 * 1024 * 1024;
    const store = EmbeddedStore.open(dir, () => room);
    const table = store.table<number, string>('numbers');
    const texts = store.binaryTable<string>('texts');
    const later = () => store.writeLater(() => void table.put('later', room));
    await later();
    store.write(() => table.put('now', room));
    const full = `The disk that holds ${dir} is full: free some space; nothing was changed.`;
    room -= 1;
    await expect(later()).rejects.toMatchObject({ code: 'store_full', retryable: true, message: full });
    await expect(store.putLater(texts, 'x', Buffer.alloc(1))).rejects.toThrow(full);
    room = 1024 * 1024;
    store.write(() => table.put('now', room));
    room -= 1;
    expect(() => store.write(() => table.put('now', room))).toThrow(full);
    expect(store.read(() => [table.get('now'), table.get('later')])).toEqual([1024 * 1024, 16 * 1024 * 1024]);
    await store.close();
  });

  test('refuses what is written later, in our words, ends nobody, and takes it once there is room', () => {
    const script = new URL('./full-disk.ts', import.meta.url).pathname;
    const { status, stdout } = spawnSync(process.execPath, ['--import', 'tsx', script, dir], { encoding: 'utf8' });
    const full = `The disk that holds ${dir} is full: free some space; nothing was changed.`;
    expect(stdout.trimEnd().split('\n')).toEqual(['done', ...Array(6).fill(full), '1', 'done', '3']);
    expect(status).toBe(0);
  });
});

describe('a transaction', () => {
  test('that throws has done nothing, written at once or later', async () => {
    const store = EmbeddedStore.open(dir);
    const table = store.table<number, string>('numbers');
    const half = () => {
      table.put('a', 1);
      throw new SentinelError('superseded', 'half way');
    };
    expect(() => store.write(half)).toThrow('half way');
    await expect(store.writeLater(half)).rejects.toThrow('half way');
    expect(store.read(() => table.get('a'))).toBeUndefined();
    store.write(() => table.put('a', 2));
    expect(store.read(() => table.get('a'))).toBe(2);
    await store.close();
  });

  test('is seen by whoever has the folder open, until the last of them closes it', async () => {
    const [one, other] = [EmbeddedStore.open(dir), EmbeddedStore.open(`${dir}/`)];
    one.write(() => one.table<number, string>('numbers').put('a', 1));
    await one.close();
    await one.close();
    expect(() => one.write(() => 1)).toThrow('was closed');
    expect(other.read(() => other.table<number, string>('numbers').get('a'))).toBe(1);
    await other.close();
  });
});

function refusal(path: string): SentinelError {
  try {
    EmbeddedStore.open(path);
  } catch (error) {
    if (error instanceof SentinelError) return error;
    throw error;
  }
  throw new Error(`${path} was opened`);
}
