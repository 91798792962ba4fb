import type { Call } from './call.ts';

export interface Incident {
  /** Records from one of its calls to the next. */
  readonly every: number;
  readonly calls: readonly Call[];
}

/** What goes wrong in turn, at 2,000 events/s: 40 writes in 20 s, 12 equal reads in 12 s, 6 equal writes in 15 s. */
const KINDS = [
  { name: 'burst', times: 40, every: 1_000, tool: 'email.send', kind: 'write', same: false },
  { name: 'loop', times: 12, every: 2_000, tool: 'orders.list', kind: 'read', same: true },
  { name: 'duplicates', times: 6, every: 5_000, tool: 'db.write', kind: 'write', same: true },
] as const;

/** An incident in a session of its own. Times are set when its calls come. */
export function beginIncident(number: number, tenant: string): Incident {
  const { name, times, every, tool, kind, same } = KINDS[number % KINDS.length]!;
  const session = `${name}-${number}`;
  const calls = Array.from({ length: times }, (_, i) => ({
    ...{ id: `${session}-${i}`, ts: 0, tenant, session, tool, kind },
    ...{ operation: same ? number : number * 100 + i, cost: 100 },
  }));
  return { every, calls };
}
