import type { Config } from '../daemon/config/config.ts';
import type { Readiness } from '../daemon/readiness.ts';
import { daemonUrl, get, whySilent } from './daemon-probe.ts';

export interface DaemonHealth {
  /** null: on any free port, so it cannot be asked. */
  readonly url: string | null;
  readonly running: boolean;
  /** Why it did not answer, although something listens there; null where it did, or where nothing listens. */
  readonly silent: string | null;
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

/** Nobody waits for it to act: a busy daemon must not look like one that is not there. ms */
const WITHIN_MS = 5_000;

/** What the daemon says of itself. Never rejects. */
export async function daemonHealth(config: Config): Promise<DaemonHealth> {
  const url = daemonUrl(config);
  const absent = { url, running: false, silent: null, readiness: null, metrics: null };
  if (url === null) return absent;
  try {
    const readiness = JSON.parse((await get(`${url}/readyz`, WITHIN_MS)).body) as Readiness;
    if (typeof readiness.ready !== 'boolean') return { ...absent, silent: 'another program listens there' };
    const metrics = await get(`${url}/metrics`, WITHIN_MS).catch(() => null);
    return { ...absent, running: true, readiness, metrics: metrics === null ? null : sums(metrics.body) };
  } catch (error) {
    return { ...absent, silent: whySilent(error) };
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
