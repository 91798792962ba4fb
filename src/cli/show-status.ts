import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../daemon/config/config.ts';
import { openKillStore, openLog } from '../daemon/open-ports.ts';
import { messageOf, SentinelError } from '../domain/errors.ts';
import { callsInFlight, countGuards } from '../killswitch/guard-count.ts';
import { isTripped } from '../killswitch/standing.ts';
import type { KillStore } from '../ports/kill-store.ts';
import { allStates } from './all-states.ts';
import type { Cli } from './cli.ts';
import { type ConfigOptions, configOf } from './config-options.ts';
import { daemonHealth } from './daemon-health.ts';
import { askDaemon } from './daemon-probe.ts';
import { quietLogger } from './logger.ts';
import { logMustExist, storeMustExist, usesAnother } from './open-store.ts';
import type { OutputForm } from './options.ts';
import type { ExitCode, Terminal } from './output.ts';
import type { Status, StoreHealth } from './status.ts';
import { statusText } from './status-text.ts';

/** For the daemon and the log each: nobody waits for a status to act. */
const WITHIN_MS = 5_000;

export async function showStatus(
  cli: Cli,
  options: ConfigOptions & { readonly output: OutputForm },
): Promise<ExitCode> {
  const config = configOf(cli, options);
  const [daemon, answer, store, log] = await Promise.all([
    daemonHealth(config),
    askDaemon(config, WITHIN_MS),
    storeHealth(config).catch((error) => ({ error: messageOf(error) })),
    logHealth(config, cli.terminal).catch((error) => ({ error: messageOf(error) })),
  ]);
  const other_store = 'error' in store || !usesAnother(answer, store) ? null : answer.store;
  const status: Status = { daemon, other_store, store, log };
  cli.terminal.out(options.output === 'json' ? `${JSON.stringify(status, null, 2)}\n` : statusText(status));
  return isWell(status) ? 0 : 1;
}

/** A daemon that cannot be asked is not counted against it. */
function isWell({ daemon, other_store, store, log }: Status): boolean {
  const daemonIsWell = daemon.url === null || daemon.readiness?.ready === true;
  return daemonIsWell && other_store === null && !('error' in store) && store.epoch !== null && !('error' in log);
}

async function storeHealth(config: Config): Promise<StoreHealth> {
  storeMustExist(config);
  const store = await openKillStore(config);
  try {
    const epoch = await store.epoch();
    const { tripped, version } = await counted(store);
    const [limits, pending, reports, now, warnings] = await Promise.all([
      store.trippedLimits(),
      store.pendingCount(),
      store.guards(),
      store.time(),
      settingsWarnings(config),
    ]);
    return {
      place: store.place,
      epoch,
      tripped,
      relay_pending: pending,
      limits,
      guards: countGuards(reports, { version }, { now, epoch }),
      calls_in_flight: callsInFlight(reports, now),
      warnings,
    };
  } finally {
    await store.close();
  }
}

async function counted(store: KillStore): Promise<{ readonly tripped: number; readonly version: number }> {
  let tripped = 0;
  let version = 0;
  for await (const { state } of allStates(store)) {
    if (isTripped(state)) tripped += 1;
    version = Math.max(version, state.version);
  }
  return { tripped, version };
}

async function settingsWarnings({ redis }: Config): Promise<readonly string[]> {
  if (redis === null) return [];
  const { connectRedis } = await import('../adapters/redis/connect.ts');
  const { redisSettingsWarnings } = await import('../adapters/redis/settings.ts');
  const link = connectRedis(redis.url, { keyPrefix: redis.keyPrefix });
  try {
    return await redisSettingsWarnings(link);
  } finally {
    link.close();
  }
}

async function logHealth(config: Config, { env }: Terminal): Promise<{ readonly identity: string }> {
  logMustExist(config);
  const log = await openLog(config, quietLogger(env));
  const late = sleep(WITHIN_MS, undefined, { ref: false }).then(() => {
    throw new SentinelError('kafka_unavailable', `The log does not answer within ${WITHIN_MS} ms.`);
  });
  try {
    return { identity: await Promise.race([log.identity(), late]) };
  } finally {
    await Promise.race([log.close().catch(() => {}), sleep(500, undefined, { ref: false })]);
  }
}
