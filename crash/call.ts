/** One call of the stream. */
export interface Call {
  readonly id: string;
  readonly tenant: string;
  readonly session: string;
  readonly tool: string;
  readonly kind: 'read' | 'write';
  /** What its arguments are made from: calls of one tool with the same operation are the same. */
  readonly operation: string;
  /** Whole dollars. */
  readonly cost?: number;
}

/** Its event, as a gateway writes it. `ts`: epoch ms. */
export function eventText({ id, tenant, session, tool, kind, operation, cost = 0 }: Call, ts: number): string {
  return JSON.stringify({
    event_id: id,
    ts,
    tenant_id: tenant,
    session_id: session,
    tool,
    kind,
    args: { operation },
    cost_usd: cost,
  });
}
