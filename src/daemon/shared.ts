import type { Actuator } from './actuator.ts';
import type { KillMirror } from './kill-mirror.ts';
import type { Metrics } from './metrics.ts';
import type { OutgoingQueue } from './outgoing.ts';
import type { Trail } from './trail.ts';

/** What all partitions of a daemon share. */
export interface Shared {
  readonly log: string;
  readonly deadLetterTopic: string;
  readonly cacheTtlMs: number;
  readonly partitionedBy: 'tenant' | 'session';
  readonly longestCooldownMs: () => number;
  readonly actuator: Actuator;
  readonly mirror: KillMirror;
  readonly trail: Trail;
  readonly queue: OutgoingQueue;
  readonly metrics: Metrics;
  /** Wall clock, epoch ms. */
  readonly now: () => number;
  /** Tells people about a session's blocked calls, so that its kill is renewed. */
  readonly onBlocked: (tenant: string, session: string) => void;
  readonly onLeak: () => void;
}
