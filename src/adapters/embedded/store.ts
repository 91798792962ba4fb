import { closeSync, existsSync, mkdirSync, openSync, readSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Database, type Key, open, type RootDatabase } from 'lmdb';
import { embeddedError, notOurs } from './errors.ts';

/**
 * One lmdb environment in a folder of its own, for several processes at once.
 *
 * Every change is one synchronous write transaction: whole or not at all, on disk when `write` returns, and visible to
 * every process from then on. Kill state, log and checkpoints have an environment each, because an environment has one
 * writer at a time and a stop must not wait for a checkpoint.
 */
export class EmbeddedStore {
  readonly dir: string;
  readonly #root: RootDatabase;
  #closed = false;

  private constructor(dir: string, root: RootDatabase) {
    this.dir = dir;
    this.#root = root;
  }

  /** @throws SentinelError `store_rejected` where the folder cannot be ours, `store_full` where the disk is full. */
  static open(dir: string): EmbeddedStore {
    const path = resolve(dir);
    try {
      mkdirSync(path, { recursive: true });
      refuseForeignFile(join(path, 'data.mdb'), path);
      // Without overlapping sync the write transaction itself waits for the disk; `.sentinel` is a folder, not a file.
      const root = open({ path, noSubdir: false, overlappingSync: false, maxDbs: 32 });
      return new EmbeddedStore(path, root);
    } catch (error) {
      throw embeddedError(error, path);
    }
  }

  /** Values are JSON, keys are numbers, strings without NUL, and arrays of them, in their natural order. */
  table<V, K extends Key = Key>(name: string): Database<V, K> {
    return this.#root.openDB<V, K>(name, { encoding: 'json' });
  }

  /** Keys are the bytes of texts that may hold anything. */
  byteTable<V>(name: string): Database<V, Uint8Array> {
    return this.#root.openDB<V, Uint8Array>(name, { encoding: 'json', keyEncoding: 'binary' });
  }

  binaryTable<K extends Key = Key>(name: string): Database<Uint8Array, K> {
    return this.#root.openDB<Uint8Array, K>(name, { encoding: 'binary' });
  }

  /** Runs one transaction; throwing inside undoes all of it. On disk when it returns. */
  write<T>(change: () => T): T {
    return this.#guarded(() => {
      let result: T | undefined;
      // A body that gives back a promise would hold the one write lock until that resolves: nothing is given back.
      this.#root.transactionSync(() => {
        result = change();
      });
      return result as T;
    });
  }

  /** Reads the newest state that any process has committed. */
  read<T>(look: () => T): T {
    return this.#guarded(() => {
      this.#root.resetReadTxn();
      return look();
    });
  }

  /** Removes everything, for tests of loss. */
  clear(): void {
    const names = this.read(() => [...this.#root.getKeys()].map(String));
    // Opened before the transaction and with plain keys: otherwise lmdb leaves the tables unreadable to who has them open.
    const tables = names.map((name) => this.#root.openDB({ name, encoding: 'binary', keyEncoding: 'binary' }));
    this.write(() => {
      for (const table of tables) table.clearSync();
    });
  }

  /** Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#root.close();
  }

  #guarded<T>(run: () => T): T {
    if (this.#closed) throw embeddedError(new Error('it was closed'), this.dir);
    try {
      return run();
    } catch (error) {
      throw embeddedError(error, this.dir);
    }
  }
}

/** lmdb's number stands in its first page; a file without it can bring the process down when it is mapped. */
const LMDB_MAGIC = 0xbeefc0de;
const MAGIC_AT = 24;

function refuseForeignFile(file: string, dir: string): void {
  if (!existsSync(file)) return;
  const head = Buffer.alloc(MAGIC_AT + 4);
  const descriptor = openSync(file, 'r');
  try {
    const length = readSync(descriptor, head, 0, head.length, 0);
    // A new file is empty until its first transaction.
    if (length > 0 && (length < head.length || head.readUInt32LE(MAGIC_AT) !== LMDB_MAGIC)) throw notOurs(dir);
  } finally {
    closeSync(descriptor);
  }
}
