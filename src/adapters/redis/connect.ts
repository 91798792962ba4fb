import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis';
import { SentinelError } from '../../domain/errors.ts';
import { hasHashTag, parseRedisAddress, REDIS_ADDRESS_FORMS, type RedisAddress } from '../../domain/redis-address.ts';
import { storeError } from './errors.ts';

/**
 * A connection to Redis that is down honestly: no command waits in a queue for a server that is away, each fails
 * within about a second with an error that says whether to try again; the connection itself is tried again for ever.
 *
 * | url                                                  | means                                            |
 * | `redis://[user:password@]host:port[/db]`             | one server; `rediss://` over TLS                 |
 * | `redis+sentinel://[user:password@]h1:p,h2:p/name`    | the primary that Sentinels name; also `rediss+…` |
 * | `redis+cluster://[user:password@]h1:p,h2:p`          | Cluster; `keyPrefix` must be a hash tag          |
 */
export interface RedisLink {
  /** For people, without a password: `redis://127.0.0.1:6379`. */
  readonly place: string;
  /** Waits until connected (about a second at most), runs, and turns failures into SentinelErrors. */
  run<T>(ask: (client: RedisClient) => Promise<T>): Promise<T>;
  /** Another connection to the same place, for subscribing. */
  duplicate(): RedisLink;
  /** The client itself, for its events. */
  readonly client: RedisClient;
  /** Idempotent; commands under way fail. */
  close(): void;
}

export type RedisClient = Redis | Cluster;

export interface RedisLinkOptions {
  /** How long a command may take, ms. Default 1,000. */
  readonly commandTimeoutMs?: number;
  /** How long a command waits for a connection that is being made, ms. Default 1,000. */
  readonly connectTimeoutMs?: number;
  /** What all our keys begin with; only looked at for Cluster. */
  readonly keyPrefix?: string;
}

/** @throws SentinelError `config_invalid` for an address that is none. Connects in the background. */
export function connectRedis(url: string, options: RedisLinkOptions = {}): RedisLink {
  const address = parseRedisAddress(url.trim());
  if (address === null) throw badUrl();
  if (address.kind === 'cluster' && !hasHashTag(options.keyPrefix ?? '')) {
    throw new SentinelError(
      'config_invalid',
      'redis.url names a Cluster, so redis.key_prefix must be a hash tag such as "{sentinel}": all keys must share one slot.',
    );
  }
  const connectTimeoutMs = options.connectTimeoutMs ?? 1_000;
  const client = newClient(address, settings(options.commandTimeoutMs ?? 1_000, connectTimeoutMs));
  const place = placeOf(address);
  const gate = new Gate(client, connectTimeoutMs);
  return {
    client,
    place,
    async run(ask) {
      try {
        await gate.open();
        return await ask(client);
      } catch (error) {
        throw storeError(gate.rejection ?? error, place);
      }
    },
    duplicate: () => connectRedis(url, options),
    close: () => {
      gate.close();
      client.disconnect();
    },
  };
}

/** Replies keep their RESP2 shapes, so there is no mapping to choose. */
type Settings = Omit<RedisOptions, 'replyMapping'>;

function settings(commandTimeout: number, connectTimeout: number): Settings {
  return {
    // RESP3 would change replies' shapes, and its invalidation pushes are dropped anyway.
    protocol: 2,
    commandTimeout,
    connectTimeout,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    retryStrategy: (attempt) => Math.min(1_000, 50 * 2 ** Math.min(attempt, 5)),
    // After a failover, a primary that became a replica: find the new one.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
    autoResubscribe: true,
  };
}

/** Lets commands through once there is a connection, and remembers why there is none. */
class Gate {
  /** The newest error since there was a connection. */
  #error: Error | null = null;
  #closed = false;
  readonly #client: RedisClient;
  readonly #withinMs: number;

  constructor(client: RedisClient, withinMs: number) {
    this.#client = client;
    this.#withinMs = withinMs;
    client.on('error', (error: Error) => {
      this.#error = error;
    });
    client.on('ready', () => {
      this.#error = null;
    });
  }

  /** Why the server turned us away, where it did: more telling than the failure of one command. */
  get rejection(): Error | null {
    return this.#error !== null && storeError(this.#error, '').code === 'store_rejected' ? this.#error : null;
  }

  async open(): Promise<void> {
    if (this.#client.status === 'ready') return;
    // A connection that was refused a moment ago will be tried again without us.
    if (this.#error !== null) throw this.#error;
    if (this.#closed) throw new Error('Connection is closed');
    await this.#connected();
    if (this.#error !== null) throw this.#error;
  }

  close(): void {
    this.#closed = true;
  }

  /** Resolves at the next news of the connection, good or bad. */
  #connected(): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        for (const event of ['ready', 'error', 'end']) this.#client.off(event, done);
        resolve();
      };
      const timer = setTimeout(() => {
        done();
        reject(new Error('timed out'));
      }, this.#withinMs);
      for (const event of ['ready', 'error', 'end']) this.#client.on(event, done);
    });
  }
}

/** Says nothing of the text itself: it may hold a password. */
function badUrl(): SentinelError {
  return new SentinelError('config_invalid', `redis.url is no address of a Redis, expected ${REDIS_ADDRESS_FORMS}.`);
}

/** With the number of the database where it is not the first: two databases are two stores. A Cluster has only one. */
function placeOf({ kind, tls, hosts, name, db }: RedisAddress): string {
  const scheme = `redis${tls ? 's' : ''}${kind === 'server' ? '' : `+${kind}`}`;
  const list = hosts.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`).join(',');
  const database = db === 0 || kind === 'cluster' ? '' : `/${db}`;
  return `${scheme}://${list}${name === '' ? '' : `/${name}`}${database}`;
}

function newClient(address: RedisAddress, common: Settings): RedisClient {
  const { hosts, username, password, db, name } = address;
  const options: Settings = { ...common };
  if (username !== undefined) options.username = username;
  if (password !== undefined) options.password = password;
  if (address.tls) options.tls = {};
  switch (address.kind) {
    case 'server':
      return new Redis({ ...options, ...hosts[0], db });
    case 'sentinel':
      // Sentinels of a primary with TLS speak it too: Redis has one setting for both.
      if (address.tls) options.sentinelTLS = {};
      return new Redis({ ...options, sentinels: [...hosts], name, db, enableTLSForSentinelMode: address.tls });
    case 'cluster': {
      const { retryStrategy: clusterRetryStrategy, enableOfflineQueue: _, ...redisOptions } = options;
      return new Cluster([...hosts], {
        enableOfflineQueue: false,
        clusterRetryStrategy: clusterRetryStrategy as ClusterOptions['clusterRetryStrategy'],
        redisOptions,
      });
    }
  }
}
