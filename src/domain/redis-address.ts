/** Where a Redis is, read out of the text that people write; `connectRedis` says what each form means. */
export interface RedisAddress {
  readonly kind: 'server' | 'sentinel' | 'cluster';
  readonly tls: boolean;
  readonly hosts: readonly [RedisHost, ...RedisHost[]];
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Sentinel: the primary's name. */
  readonly name: string;
  readonly db: number;
}

export interface RedisHost {
  readonly host: string;
  readonly port: number;
}

/** What {@link parseRedisAddress} takes, for people. */
export const REDIS_ADDRESS_FORMS =
  'redis://[user:password@]host:port[/db], rediss://…, redis+sentinel://host:port,host:port/name or ' +
  'redis+cluster://host:port,host:port';

const CREDENTIALS = '(?:((?:[^@/%\\s]|%[0-9a-fA-F]{2})*)@)?';
const HOST = '(\\[[0-9a-fA-F:.]+\\]|[^:\\[\\]/?#,@\\s]+)(?::([0-9]{1,5}))?';
const HOSTS = '([^/?#@\\s]+)';
const SERVER = new RegExp(`^redis(s?)(?:\\+(cluster))?://${CREDENTIALS}${HOSTS}(?:/([0-9]*))?$`, 'u');
const SENTINEL = new RegExp(`^redis(s?)\\+(sentinel)://${CREDENTIALS}${HOSTS}/([^/?#\\s]+)(?:/([0-9]+))?$`, 'u');
const ONE_HOST = new RegExp(`^${HOST}$`, 'u');

/** null: it is none. Whoever says so shows nothing of the text: it may hold a password. */
export function parseRedisAddress(text: string): RedisAddress | null {
  const parts = SERVER.exec(text) ?? SENTINEL.exec(text);
  if (parts === null) return null;
  const [, tls, kind = 'server', credentials = '', list = '', ...path] = parts;
  const [db = '', name = ''] = path.reverse();
  const [user = '', ...rest] = credentials.split(':');
  const hosts = list.split(',').map((host) => hostOf(host, kind === 'sentinel' ? 26_379 : 6_379));
  const words = [user, rest.join(':'), name].map(decoded);
  if (hosts.includes(null) || words.includes(null)) return null;
  const [username, password, primary] = words as readonly string[];
  return {
    kind: kind as RedisAddress['kind'],
    tls: tls === 's',
    hosts: hosts as [RedisHost, ...RedisHost[]],
    username: username || undefined,
    password: password || undefined,
    name: primary ?? '',
    db: Number(db),
  };
}

/** True where all keys that begin so share a slot of a Cluster: Redis looks between the first `{` and the next `}`. */
export function hasHashTag(keyPrefix: string): boolean {
  return /^[^{]*\{[^}]+\}/.test(keyPrefix);
}

function hostOf(text: string, defaultPort: number): RedisHost | null {
  const [, host, port = defaultPort] = ONE_HOST.exec(text) ?? [];
  if (host === undefined || Number(port) > 65_535) return null;
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
