import { count, oneLine, timeText } from './format.ts';
import { guardsText } from './guards-text.ts';
import { NAME_THE_DAEMON } from './open-store.ts';
import { table } from './output.ts';
import type { Status, StoreHealth } from './status.ts';

export function statusText({ daemon, other_store, store, log }: Status): string {
  return table([
    ...daemonRows(daemon),
    ...(other_store === null ? [] : [['problem', otherStoreText(other_store)]]),
    ...('error' in store ? [['store', oneLine(store.error, 500)]] : storeRows(store)),
    ['log', 'error' in log ? oneLine(log.error, 500) : `reachable, ${log.identity}`],
  ]);
}

function daemonRows({ url, running, silent, readiness, metrics }: Status['daemon']): string[][] {
  if (url === null) return [['daemon', 'not asked: http.port is 0']];
  if (silent !== null) return [['daemon', `does not answer on ${url}: ${oneLine(silent)}`]];
  if (!running || readiness === null) return [['daemon', `not running on ${url}`]];
  const parts = [
    ...Object.entries(readiness.problems).map(([part, why]) => ['problem', `${part}: ${oneLine(why, 500)}`]),
    ...Object.entries(readiness.notices).map(([part, what]) => ['notice', `${part}: ${oneLine(what, 500)}`]),
  ];
  const rows = [['daemon', `${readiness.ready ? 'ready' : 'not ready'} on ${url}`], ...parts];
  if (metrics === null) return rows;
  return [
    ...rows,
    ['lag', count(metrics.sentinel_consumer_lag, 'record')],
    [
      'events',
      `${metrics.sentinel_events_processed_total} processed, ${metrics.sentinel_events_rejected_total} rejected; ` +
        `${count(metrics.sentinel_active_sessions, 'active session')}, ${count(metrics.sentinel_rules_loaded, 'rule')}`,
    ],
    ['leaked', count(metrics.sentinel_leaked_calls_total, 'call')],
  ];
}

function otherStoreText(store: string): string {
  return `the daemon uses another store, ${oneLine(store, 500)}: ${NAME_THE_DAEMON}`;
}

function storeRows(store: StoreHealth): string[][] {
  const { place, epoch, tripped, relay_pending, limits, guards, calls_in_flight, warnings } = store;
  const initialised = epoch === null ? 'not initialised: run "sentinel init" or start the daemon' : 'initialised';
  return [
    ['store', `reachable, ${place}, ${initialised}, ${count(tripped, 'scope')} tripped`],
    ...warnings.map((warning) => ['warning', warning]),
    ['relay', `${count(relay_pending, 'audit record')} waiting`],
    ['guards', `${guardsText(guards)}; ${count(calls_in_flight, 'call')} in flight`],
    ...limits.map(({ name, at, detail }) => [
      'limit',
      `${name} tripped at ${timeText(at)}: ${oneLine(detail)}; to re-arm: sentinel rearm ${name}`,
    ]),
  ];
}
