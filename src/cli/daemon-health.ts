import type { Config } from '../daemon/config/config.ts';
import type { Readiness } from '../daemon/readiness.ts';
import { daemonUrl, get } from './daemon-probe.ts';

export interface DaemonHealth {
  /** null: on any free port, so it cannot be asked. */
  readonly url: string | null;
  readonly running: boolean;
  readonly readiness: Readiness | null;
  /** Sums over labels, by metric name; null where there are none. */
  readonly metrics: Readonly<Record<ShownMetric, number>> | null;
}

const SHOWN_METRICS = [
  'sentinel_events_processed_total',
  'sentinel_events_rejected_total',
  'sentinel_consumer_lag',
  'sentinel_active_sessions',
  'sentinel_rules_loaded',
  'sentinel_audit_pending',
  'sentinel_leaked_calls_total',
] as const;
type ShownMetric = (typeof SHOWN_METRICS)[number];

/** What the daemon says of itself. Never rejects. */
export async function daemonHealth(config: Config): Promise<DaemonHealth> {
  const url = daemonUrl(config);
  const absent = { url, running: false, readiness: null, metrics: null };
  if (url === null) return absent;
  try {
    const readiness = JSON.parse((await get(`${url}/readyz`)).body) as Readiness;
    if (typeof readiness.ready !== 'boolean') return absent;
    const metrics = await get(`${url}/metrics`).catch(() => null);
    return { url, running: true, readiness, metrics: metrics === null ? null : sums(metrics.body) };
  } catch {
    return absent;
  }
}

/** Prometheus' text form: `name{labels} value`. */
function sums(text: string): DaemonHealth['metrics'] {
  const found = Object.fromEntries(SHOWN_METRICS.map((name) => [name, 0])) as Record<ShownMetric, number>;
  for (const line of text.split('\n')) {
    const [, name = '', value = ''] = /^(\w+)(?:\{.*\})? (\S+)/.exec(line) ?? [];
    if (Object.hasOwn(found, name)) found[name as ShownMetric] += Number(value);
  }
  return found;
}
