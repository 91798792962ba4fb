/** Records and ids as nobody should send them, and the ordinary events among which they stand. */

let events = 0;

/** A valid event now, with what is said instead. */
export function event(said: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    event_id: `e${++events}`,
    ts: Date.now(),
    tenant_id: 'acme',
    session_id: 's1',
    tool: 'db.write',
    kind: 'write',
    ...said,
  };
}

/** As many writes of one session as asked for, each with what is said. */
export function writes(count: number, tenant: string, session: string, said: Readonly<Record<string, unknown>> = {}) {
  return Array.from({ length: count }, () =>
    JSON.stringify(event({ tenant_id: tenant, session_id: session, ...said })),
  );
}

/** Kills a session at its fourth write, and one that is older than 30m or has spent more than $10. */
export const RULES = `
groups:
  - name: hostile
    rules:
      - alert: Burst
        type: event_count
        match: {kind: write}
        window: 10m
        condition: {gt: 3}
        severity: critical
      - alert: Dear
        type: value_sum
        field: cost_usd
        window: 10m
        condition: {gt: 10}
        severity: critical
      - alert: Old
        type: session_age
        condition: {gt: 30m}
        severity: critical
`;
