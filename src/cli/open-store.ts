import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../daemon/config/config.ts';
import { publishedConfig } from '../daemon/parts.ts';
import { SentinelError } from '../domain/errors.ts';
import type { KillStore, PublishedConfig } from '../ports/kill-store.ts';
import type { Cli } from './cli.ts';
import { type ConfigOptions, configOf } from './config-options.ts';
import { askDaemon, type DaemonAnswer, type RunningDaemon } from './daemon-probe.ts';

/** The store that a command works on. */
export interface OpenedStore {
  readonly config: Config;
  readonly store: KillStore;
  /** For people: `redis://127.0.0.1:6379`, with the database and the prefix of keys where there is one. */
  readonly place: string;
  /** null: not initialised. */
  readonly epoch: string | null;
  readonly daemon: DaemonAnswer;
}

/**
 * Opens the configured store, works on it and closes it. Never makes one.
 * @throws SentinelError where there is none, it does not answer, or a running daemon uses another one.
 */
export async function withStore<T>(
  cli: Cli,
  options: ConfigOptions,
  work: (opened: OpenedStore) => Promise<T>,
): Promise<T> {
  const config = configOf(cli, options);
  storeMustExist(config);
  const [daemon, { openKillStore }] = await Promise.all([askDaemon(config), import('../daemon/open-ports.ts')]);
  const store = await openKillStore(config);
  try {
    const opened = { config, store, place: store.place, epoch: await store.epoch(), daemon };
    mustBeTheDaemons(opened);
    mustNameFlagsAlike(opened, await store.config());
    if (daemon.status === 'silent')
      cli.terminal.err(`What listens on ${daemon.url} did not say which store it uses (${daemon.why}).\n`);
    return await work(opened);
  } finally {
    await store.close();
  }
}

export const NOT_INITIALISED =
  'is not initialised, so guards deny writes, model calls and new runs: start the daemon with "sentinel run", or run "sentinel init"';

/** Lifting and reading need a store that knows everything. @throws SentinelError `store_uninitialised` */
export function mustBeComplete({ epoch, place }: OpenedStore): void {
  if (epoch !== null) return;
  throw new SentinelError('store_uninitialised', `The store ${place} ${NOT_INITIALISED}.`);
}

/** @throws SentinelError `not_found` where the embedded store is not there: opening it would make it */
export function storeMustExist({ redis, embedded }: Config): void {
  if (redis === null) partMustExist(embedded.dir, 'kill', 'store', '--redis-url');
}

/** @throws SentinelError `not_found` where the embedded log is not there: opening it would make it */
export function logMustExist({ kafka, embedded }: Config): void {
  if (kafka === null) partMustExist(embedded.dir, 'log', 'log', '--kafka-brokers');
}

function partMustExist(dir: string, folder: string, what: string, flag: string): void {
  if (!isMissing(join(dir, folder, 'data.mdb'))) return;
  throw new SentinelError(
    'not_found',
    `There is no embedded ${what} in ${dir}: start the daemon with "sentinel run" or run "sentinel init" to make one, ` +
      `or say where the ${what} is with --dir, ${flag} or --config.`,
  );
}

/** Of what cannot be seen, as where permission is denied, opening says why; nor can it make that. */
function isMissing(file: string): boolean {
  try {
    statSync(file);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

/** The epoch is the store's own random id: two names of one store have the same, two stores never. Before it has one, its name tells. */
export function usesAnother(
  daemon: DaemonAnswer,
  { epoch, place }: Pick<OpenedStore, 'epoch' | 'place'>,
): daemon is RunningDaemon {
  if (daemon.status !== 'running') return false;
  return daemon.epoch === null ? daemon.store !== place : daemon.epoch !== epoch;
}

/** What to do where a daemon on the configured address uses another store. */
export const NAME_THE_DAEMON =
  "give this command the daemon's configuration (--config, --redis-url or --dir), or the port of the daemon that is meant " +
  '(SENTINEL_HTTP_PORT or http.port)';

/** @throws SentinelError `config_invalid` where a running daemon uses another store */
export function mustBeTheDaemons({ daemon, ...opened }: Pick<OpenedStore, 'daemon' | 'epoch' | 'place'>): void {
  if (!usesAnother(daemon, opened)) return;
  throw new SentinelError(
    'config_invalid',
    `The daemon on ${daemon.url} uses the store ${daemon.store}, and this command ${opened.place}, which is another one: ` +
      `nothing was changed; ${NAME_THE_DAEMON}.`,
  );
}

/** A stop under another key would stop nothing. @throws SentinelError `config_invalid`, with the key that differs */
function mustNameFlagsAlike({ config, place }: OpenedStore, published: PublishedConfig | null): void {
  if (published === null) return;
  const ours = publishedConfig(config).names;
  for (const key of Object.keys(ours) as (keyof PublishedConfig['names'])[]) {
    if (published.names[key] === ours[key]) continue;
    throw new SentinelError(
      'config_invalid',
      `kill_switch.${key} is "${ours[key]}" here and "${published.names[key]}" for the guards of ${place}: nothing was ` +
        "changed. Give this command the daemon's configuration (--config).",
    );
  }
}
