import type { CheckpointStore } from '../ports/checkpoint-store.ts';
import type { Trail } from './trail.ts';

/** The last record of the writer before us, and our right to say who comes after. */
export interface Predecessor {
  readonly hash: string | null;
  readonly epoch: number;
  readonly offset: number;
}

/** Chains of audit writers are no partition of the log; they are kept as partition 0 of this one. */
const logOf = (auditTopic: string): string => `${auditTopic} writers`;

export async function loadPredecessor(store: CheckpointStore, auditTopic: string): Promise<Predecessor> {
  const epoch = await store.begin(logOf(auditTopic), 0);
  const stored = await store.load(logOf(auditTopic), 0);
  const hash = stored === null ? null : Buffer.from(stored.bytes).toString('utf8');
  return { hash: hash === '' ? null : hash, epoch, offset: stored?.offset ?? 0 };
}

/** At a graceful stop; after a crash the successor names the last one that was saved. */
export async function savePredecessor(
  store: CheckpointStore,
  auditTopic: string,
  { epoch, offset }: Predecessor,
  trail: Trail,
): Promise<void> {
  const hash = Buffer.from(trail.lastHash ?? '');
  await store.save({ log: logOf(auditTopic), partition: 0, epoch, offset: offset + 1 }, [hash]);
}
