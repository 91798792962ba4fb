import { countGuards } from '../killswitch/guard-count.ts';
import type { KillStore } from '../ports/kill-store.ts';
import type { KillMirror } from './kill-mirror.ts';
import type { Metrics } from './metrics.ts';
import type { OutgoingQueue } from './outgoing.ts';
import type { Pipeline } from './pipeline.ts';

/** A session counts as active so long after its newest event. */
const ACTIVE_WITHIN_MS = 10 * 60_000;

export interface Measured {
  readonly metrics: Metrics;
  readonly pipeline: Pipeline;
  readonly store: Pick<KillStore, 'pendingCount' | 'guards' | 'time' | 'putActiveSessions'>;
  readonly queue: OutgoingQueue;
  readonly mirror: KillMirror;
}

/** What the engine knows: needs neither store nor log. */
export function measurePipeline({ metrics, pipeline }: Measured): void {
  let active = 0;
  for (const partition of pipeline.partitions) {
    partition.count();
    active += partition.engine.activeSessions(ACTIVE_WITHIN_MS);
  }
  metrics.activeSessions.set(active);
  metrics.stateBytes.set(pipeline.stateBytes);
  // Partitions that went to another instance are told no more.
  metrics.consumerLag.reset();
  for (const { partition, lag } of pipeline.progress()) metrics.consumerLag.set({ partition: String(partition) }, lag);
}

/** What only the store knows. */
export async function measureStore({ metrics, store, queue, mirror }: Measured): Promise<void> {
  metrics.auditPending.set(queue.size + (await store.pendingCount()));
  const at = { now: await store.time(), epoch: mirror.epoch };
  const guards = countGuards(await store.guards(), mirror, at);
  for (const [state, count] of Object.entries(guards)) metrics.guards.set({ state }, count);
}

/** The limit on the share of active sessions is judged by what the owners of all partitions say here. */
export async function tellActiveSessions({ pipeline, store }: Measured): Promise<void> {
  for (const { partition, engine } of pipeline.partitions) {
    await store.putActiveSessions(partition, engine.activeSessions(ACTIVE_WITHIN_MS));
  }
}
