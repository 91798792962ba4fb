/** A real Redis for tests and development: found or installed, started with a port and a directory of its own. */
import { Redis } from 'ioredis';
import { aptInstall, onPath, stopSystemService } from './install.ts';
import { temporaryDirectory } from './leash.ts';
import { freePorts } from './ports.ts';
import { server } from './server.ts';

export interface RedisOptions {
  /** Further flags, e.g. `['--maxmemory', '2mb']`; they come last and so win over the defaults. */
  readonly args?: readonly string[];
}

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  readonly dir: string;
  pid(): number | undefined;
  /** kill -9; port, directory and append-only file stay. */
  kill(): Promise<void>;
  /** Starts it again after `kill`, on the same port and directory. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const HOW_TO_INSTALL =
  'Install it (Debian, Ubuntu: `apt-get install redis-server`; macOS: `brew install redis`), ' +
  'or set REDIS_URL to a Redis that tests may write to.';

let provisioned: Promise<void> | undefined;

/** Makes sure that there is a `redis-server`; rejects with what to install where that fails. */
export function provisionRedis(): Promise<void> {
  provisioned ??= findOrInstall();
  return provisioned;
}

async function findOrInstall(): Promise<void> {
  if (onPath('redis-server')) return;
  try {
    await aptInstall(['redis-server']);
    await stopSystemService('redis-server', '/run/redis/redis-server.pid');
  } catch (error) {
    throw new Error(`There is no redis-server, and ${(error as Error).message}.\n${HOW_TO_INSTALL}`);
  }
}

/** A private Redis, append-only and without eviction like the one the contract asks for; `stop` removes all of it. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  await provisionRedis();
  for (let attempt = 1; ; attempt++) {
    const redis = await redisOnFreePort(options);
    try {
      await redis.start();
      return redis;
    } catch (error) {
      await redis.stop();
      // Somebody else may have taken the port since we found it free.
      if (attempt === 3 || !/address already in use/i.test((error as Error).message)) throw error;
    }
  }
}

async function redisOnFreePort({ args = [] }: RedisOptions): Promise<RedisServer> {
  const [port = 0] = await freePorts(1);
  const dir = temporaryDirectory('redis');
  const url = `redis://127.0.0.1:${port}`;
  const process = server({
    name: 'redis-server',
    command: 'redis-server',
    args: [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'yes'],
      ...['--maxmemory-policy', 'noeviction', '--daemonize', 'no', ...args],
    ],
    dir,
    ready: (pid) => answersAs(url, pid),
    readyWithinMs: 30_000,
  });
  return { url, port, dir, ...process };
}

/** Is it this process that answers? A foreign server may have been faster to take the port. */
async function answersAs(url: string, pid: number): Promise<boolean> {
  return new RegExp(`^process_id:${pid}\\r?$`, 'm').test(await infoOf(url));
}

/** INFO of a Redis, or a rejection within about a second. */
export async function infoOf(url: string): Promise<string> {
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: 1000,
    commandTimeout: 1000,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  client.on('error', () => {}); // the rejection below says it
  try {
    await client.connect();
    return await client.info();
  } finally {
    client.disconnect();
  }
}
