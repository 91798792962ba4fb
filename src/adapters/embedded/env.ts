import { randomUUID } from 'node:crypto';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Database, type DatabaseOptions, open, type RootDatabase } from 'lmdb';
import { messageOf, SentinelError } from '../../domain/errors.ts';

/**
 * One folder, one lmdb environment: the embedded event log, kill store and checkpoint store live in it side by side.
 * Several processes may have it open (the daemon and a CLI); writers wait for each other, readers never.
 * Commits reach the disk before they are told as done.
 */
export interface EmbeddedEnv {
  readonly dir: string;
  /** A random id, made with the folder: tells this log from any other. */
  readonly logId: string;
  readonly root: RootDatabase;
  /** A named table; the same options for the same name, always. */
  table<V>(name: string, options?: DatabaseOptions): Database<V>;
  /** Runs in one write transaction, on disk when it resolves. All or nothing. */
  write<T>(task: () => T): Promise<T>;
  /** Whoever opened it last closes it for real. */
  close(): Promise<void>;
}

interface Opened {
  readonly env: Omit<EmbeddedEnv, 'close'>;
  users: number;
}

/** One environment per folder and process: opening it twice would undo its locks. */
const opened = new Map<string, Opened>();

const TABLES_MAX = 16;

/** @throws SentinelError `store_rejected` when the folder cannot be used, with what to do. */
export function openEnv(path: string): EmbeddedEnv {
  const dir = resolve(path);
  const known = opened.get(dir) ?? { env: create(dir, path), users: 0 };
  known.users += 1;
  opened.set(dir, known);
  let closed = false;
  return {
    ...known.env,
    close: async () => {
      if (closed) return;
      closed = true;
      known.users -= 1;
      if (known.users > 0) return;
      opened.delete(dir);
      await known.env.root.close();
    },
  };
}

function create(dir: string, path: string): Opened['env'] {
  const root = openRoot(dir, path);
  const tables = new Map<string, Database>();
  return {
    dir,
    root,
    logId: logIdOf(root),
    table: <V>(name: string, options: DatabaseOptions = {}) => {
      const table = tables.get(name) ?? root.openDB({ name, ...options });
      tables.set(name, table);
      return table as Database<V>;
    },
    write: async (task) => {
      try {
        return await root.transaction(task);
      } catch (error) {
        throw embeddedError(error, path);
      }
    },
  };
}

function openRoot(dir: string, path: string): RootDatabase {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    accessSync(dir, constants.R_OK | constants.W_OK | constants.X_OK);
    return open({ path: `${dir}/sentinel.mdb`, encoding: 'json', maxDbs: TABLES_MAX, overlappingSync: false });
  } catch (error) {
    throw new SentinelError(
      'store_rejected',
      `the embedded store's folder ${path} cannot be used (${messageOf(error)}): choose another with SENTINEL_DIR or embedded.dir, or mend its permissions`,
      { cause: error },
    );
  }
}

/** The first process that comes makes the id, the others read it. */
function logIdOf(root: RootDatabase): string {
  return root.transactionSync(() => {
    const known = root.get('log-id') as string | undefined;
    if (known !== undefined) return known;
    const id = randomUUID();
    void root.put('log-id', id);
    return id;
  });
}

/** Failures of the disk as ours: a full one may be freed. */
export function embeddedError(error: unknown, path: string): unknown {
  const message = messageOf(error);
  if (!/MDB_|ENOSPC|No space|Input\/output|EIO|EROFS|Permission/i.test(message)) return error;
  const full = /ENOSPC|No space|MDB_MAP_FULL/i.test(message);
  const what = full ? 'the disk is full, free some space' : message;
  return new SentinelError(
    full ? 'store_full' : 'store_unavailable',
    `the embedded store ${path} cannot be written: ${what}`,
    {
      retryable: true,
      cause: error,
    },
  );
}
