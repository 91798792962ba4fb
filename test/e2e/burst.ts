import { randomUUID } from 'node:crypto';
import type { OutMessage } from '../../src/ports/event-log.ts';
import { until } from '../services/poll.ts';
import type { Setting } from './setting.ts';

/** A session that writes more than three times is terminated. */
export const BURST_RULES = `groups:
  - name: e2e
    rules:
      - {alert: Burst, type: event_count, match: {kind: write}, window: 10m, condition: {gt: 3}, severity: critical}
`;

/** Five writes of a session: one too many, and one more. */
export function burst(session: string, tenant = 'acme'): OutMessage[] {
  return Array.from({ length: 5 }, () => ({
    key: tenant,
    value: JSON.stringify({
      event_id: randomUUID(),
      ts: Date.now(),
      tenant_id: tenant,
      session_id: session,
      tool: 'db.write',
      kind: 'write',
    }),
  }));
}

/** True once the store says that the session is stopped. */
export function killed({ store }: Pick<Setting, 'store'>, session: string, tenant = 'acme', withinMs = 30_000) {
  return until(async () => {
    const [reading] = await store.read([{ kind: 'session', tenant, session }]);
    return reading?.state?.mode === 'stop_all';
  }, withinMs);
}
