/** One tool call of the workload. */
export interface Call {
  readonly id: string;
  /** Epoch ms. */
  readonly ts: number;
  readonly tenant: string;
  readonly session: string;
  readonly tool: string;
  readonly kind: 'read' | 'write';
  /** What its arguments are made from: calls of one tool with the same number are the same operation. */
  readonly operation: number;
  /** Cents of a cent: 1e-4 USD, whole. */
  readonly cost: number;
  /** What the latency measure looks for; rules ignore it. */
  readonly marker?: number;
}

const NOTE = 'Following up on the open items of last week, as agreed with the account team.';

/** Its event as JSON, about 430 bytes: what a gateway writes. */
export function eventText(call: Call): string {
  const { id, ts, tenant, session, tool, kind, operation, cost, marker } = call;
  const dollars = (cost / 10_000).toFixed(4);
  const last = marker === undefined ? '' : `,"marker":${marker}`;
  return `{"event_id":"${id}","ts":${ts},"tenant_id":"${tenant}","session_id":"${session}","agent_id":"agent-${operation % 16}","type":"tool_call","tool":"${tool}","kind":"${kind}","call_id":"c-${id}","args":{"record":"rec-${operation}","fields":["status","owner"],"limit":${operation % 100},"note":"${NOTE}"},"status":"ok","cost_usd":${dollars},"tokens_in":${800 + (operation % 400)},"tokens_out":${100 + (operation % 90)},"latency_ms":${20 + (operation % 300)}${last}}`;
}
