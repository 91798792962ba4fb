import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync, readSync, statfsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Database, type Key, open, type RootDatabase } from 'lmdb';
import { embeddedError, notOurs } from './errors.ts';

/**
 * One lmdb environment in a folder of its own, for several processes at once: the one way in which we open lmdb.
 *
 * Every change is one write transaction: whole or not at all, on disk before it is told as done, and visible to every
 * process from then on. Kill state, log and checkpoints have an environment each, because an environment has one writer
 * at a time and a stop must not wait for a checkpoint. An environment is written either with `write` or with
 * `writeLater` and `putLater`, never with both: so that nobody who holds the thread waits for a transaction that needs it.
 */
export class EmbeddedStore {
  readonly dir: string;
  readonly #opened: Opened;
  readonly #roomOf: (dir: string) => number;
  #closed = false;

  private constructor(dir: string, opened: Opened, roomOf: (dir: string) => number) {
    this.dir = dir;
    this.#opened = opened;
    this.#roomOf = roomOf;
    opened.users += 1;
  }

  /**
   * @param roomOf bytes that are free on the disk of a folder
   * @throws SentinelError `store_rejected` where the folder cannot be ours, `store_full` where the disk is full.
   */
  static open(dir: string, roomOf: (dir: string) => number = freeBytes): EmbeddedStore {
    const path = resolve(dir);
    const known = openedHere.get(path) ?? { root: openRoot(path), users: 0 };
    openedHere.set(path, known);
    return new EmbeddedStore(path, known, roomOf);
  }

  /** Values are JSON, keys are numbers, strings without NUL, and arrays of them, in their natural order. */
  table<V, K extends Key = Key>(name: string): Database<V, K> {
    return this.#opened.root.openDB<V, K>(name, { encoding: 'json' });
  }

  /** Keys are the bytes of texts that may hold anything. */
  byteTable<V>(name: string): Database<V, Uint8Array> {
    return this.#opened.root.openDB<V, Uint8Array>(name, { encoding: 'json', keyEncoding: 'binary' });
  }

  binaryTable<K extends Key = Key>(name: string): Database<Uint8Array, K> {
    return this.#opened.root.openDB<Uint8Array, K>(name, { encoding: 'binary' });
  }

  /** Runs one transaction at once, in well under a millisecond and one wait for the disk. Throwing inside undoes all of it. */
  write<T>(change: () => T): T {
    return this.#guarded(() => {
      this.#needRoom(STOP_RESERVE_BYTES);
      let result: T | undefined;
      // A body that gives back a promise would hold the one write lock until that resolves: nothing is given back.
      this.#opened.root.transactionSync(() => {
        result = change();
      });
      return result as T;
    });
  }

  /** Runs in the next transaction, with whatever else waits for it; the wait for the disk is another thread's. */
  async writeLater<T>(change: () => T): Promise<T> {
    try {
      if (this.#closed) throw new Error('it was closed');
      this.#needRoom(RESERVE_BYTES);
      return await this.#opened.root.childTransaction(change);
    } catch (error) {
      throw embeddedError(await causeOf(error), this.dir);
    }
  }

  /** Puts in the next transaction. The value is copied in another thread's time: it has to stay as it is until then. */
  async putLater<V, K extends Key>(table: Database<V, K>, key: K, value: V): Promise<void> {
    try {
      if (this.#closed) throw new Error('it was closed');
      this.#needRoom(RESERVE_BYTES);
      await table.put(key, value);
    } catch (error) {
      throw embeddedError(await causeOf(error), this.dir);
    }
  }

  /** Reads the newest state that any process has committed. */
  read<T>(look: () => T): T {
    return this.#guarded(() => {
      this.#opened.root.resetReadTxn();
      return look();
    });
  }

  /** Removes everything, for tests of loss. */
  clear(): void {
    const names = this.read(() => [...this.#opened.root.getKeys()].map(String));
    // Opened before the transaction and with plain keys: otherwise lmdb leaves the tables unreadable to who has them open.
    const tables = names.map((name) => this.#opened.root.openDB({ name, encoding: 'binary', keyEncoding: 'binary' }));
    this.write(() => {
      for (const table of tables) table.clearSync();
    });
  }

  /** Whoever opened it last closes it for real. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#opened.users -= 1;
    if (this.#opened.users > 0) return;
    openedHere.delete(this.dir);
    await this.#opened.root.close();
  }

  /** On a full disk lmdb's own failures, one after the other, break the memory of the process: it is not even asked. */
  #needRoom(bytes: number): void {
    if (this.#roomOf(this.dir) < bytes) throw new Error('ENOSPC: less is free than is kept in reserve');
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

/** What events, records and checkpoints leave free, and what changes of kill state do: a stop finds room for longest. */
const RESERVE_BYTES = 16 * 1024 * 1024;
const STOP_RESERVE_BYTES = 1024 * 1024;

function freeBytes(dir: string): number {
  const { bavail, bsize } = statfsSync(dir);
  return bavail * bsize;
}

interface Opened {
  readonly root: RootDatabase;
  users: number;
}

/** One environment per folder and process: its locks are the process's, and its transactions know of each other. */
const openedHere = new Map<string, Opened>();

function openRoot(path: string): RootDatabase {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    refuseForeignFile(join(path, 'data.mdb'), path);
    // Without overlapping sync a transaction itself waits for the disk; `.sentinel` is a folder, not a file. Batches by
    // turn make promises of their own: on a full disk nobody would catch their rejection, and the process would end.
    return open({ path, noSubdir: false, overlappingSync: false, eventTurnBatching: false, maxDbs: 32 });
  } catch (error) {
    throw embeddedError(error, path);
  }
}

/** Why a commit failed comes as another promise, a moment later: unheard, it would end the process. */
async function causeOf(error: unknown): Promise<unknown> {
  const later = (error as { readonly commitError?: Promise<never> } | null)?.commitError;
  if (!(later instanceof Promise)) return error;
  return Promise.race([later.catch((cause: unknown) => cause), sleep(CAUSE_WAIT_MS, error, { ref: false })]);
}

const CAUSE_WAIT_MS = 100;

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
