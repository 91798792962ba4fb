import { ID_BYTES_MAX } from '../domain/event/limits.ts';
import type { KillNames } from '../killswitch/keys.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventSink } from '../ports/event-sink.ts';
import { GUARD_STORE_METHODS, type GuardStore } from './guard-store.ts';
import {
  callback,
  type Expectation,
  type Expectations,
  expected,
  flag,
  having,
  nested,
  nonEmpty,
  optional,
  text,
} from './options.ts';

export interface GuardOptions {
  /** Where the kill state is; exactly one of `redis`, `embedded` and `store`. */
  readonly redis?: string | RedisAddress;
  /** The folder of a daemon that runs embedded. */
  readonly embedded?: string;
  /** A store of your own making, for tests. Closed with the guard. */
  readonly store?: GuardStore;
  /** Where the events of calls go; closed with the guard. None: nobody hears of them, and no rule can act on them. */
  readonly events?: EventSink;
  /** How this guard is told from others: host, process and a random end where absent. */
  readonly id?: string;
  /**
   * How often the store is asked, seconds from 0.05 to 86,400. Default: as published by the daemon
   * (`kill_switch.cache_ttl_s`), else 2.
   */
  readonly cacheTtlS?: number;
  /** How old the state may be for writes, model calls and new runs, ms. Default 15,000. */
  readonly maxStalenessMs?: number;
  /** How old it may be for reads, ms. Default: any age. */
  readonly readStalenessMs?: number;
  /** Before every key; for Redis Cluster a hash tag. */
  readonly keyPrefix?: string;
  /** Names of the flags until the daemon's are known. */
  readonly names?: FlagNames;
  /** Send the hash of arguments instead of arguments. */
  readonly hashArgs?: boolean;
  readonly clock?: Clock;
  /** Outages, lost events, callbacks that throw. Default: a process warning. */
  readonly onError?: (error: unknown) => void;
}

export interface RedisAddress {
  readonly url: string;
  readonly keyPrefix?: string;
}

type FlagNames = Partial<Omit<KillNames, 'key_prefix'>>;

const ADDRESS = 'an address such as redis://127.0.0.1:6379';

const url = expected(ADDRESS, (value) => typeof value === 'string' && value !== '');
const address = nested<RedisAddress>({ url, keyPrefix: optional(text(ID_BYTES_MAX)) });
const redis: Expectation = (value, at) => {
  if (typeof value === 'object' && value !== null) address(value, at);
  else url(value, at);
};

const age = expected('a number of milliseconds greater than 0', (value) => typeof value === 'number' && value > 0);

const SINK_METHODS: readonly (keyof EventSink)[] = ['emit', 'flush', 'close'];

const flagName = optional(nonEmpty(ID_BYTES_MAX));

/** What `createGuard` takes. */
export const GUARD_OPTIONS: Expectations<GuardOptions> = {
  redis: optional(redis),
  embedded: optional(nonEmpty(4_096)),
  store: optional(having('a store with all methods of GuardStore', GUARD_STORE_METHODS)),
  events: optional(
    having('a sink: kafkaSink, httpSink, embeddedSink, or an object with emit, flush and close', SINK_METHODS),
  ),
  id: optional(nonEmpty(ID_BYTES_MAX)),
  // A timer takes 24 days at most, and fires at once beyond.
  cacheTtlS: optional(
    expected('a number of seconds from 0.05 to 86400', (value) => {
      return typeof value === 'number' && value >= 0.05 && value <= 86_400;
    }),
  ),
  maxStalenessMs: optional(age),
  readStalenessMs: optional(age),
  keyPrefix: optional(text(ID_BYTES_MAX)),
  names: optional(
    nested<FlagNames>({
      global_flag: flagName,
      per_tenant_flag_prefix: flagName,
      per_session_flag_prefix: flagName,
      disabled_tools_key: flagName,
    }),
  ),
  hashArgs: optional(flag),
  clock: optional(having('an object with now', ['now'])),
  onError: optional(callback),
};
