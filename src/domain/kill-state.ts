import type { Evidence } from './evidence.ts';
import type { InFlight, ModeText } from './mode.ts';

/** Who changed something. */
export interface Actor {
  readonly kind: 'sentinel' | 'operator' | 'guard' | 'redis-cli';
  readonly id: string;
}

/** `operator ann`, `sentinel`. */
export function actorText({ kind, id }: Actor): string {
  return kind === id ? kind : `${kind} ${id}`;
}

/**
 * The state of one scope, as it stands in `agent_kill_index` and in the topic `agent.kill-state` (contract 5).
 * Times are integer epoch ms, null for none. Written as JSON with exactly these keys.
 */
export interface KillState {
  /** `none` when cleared, `disabled` for a tool. */
  readonly mode: ModeText;
  readonly reason: string;
  readonly actor: Actor;
  readonly decision_id: string;
  readonly rule: string | null;
  readonly evidence: BriefEvidence | null;
  readonly at: number;
  readonly expires_at: number | null;
  /** Grows with every change of any scope; microseconds since the epoch, or later. */
  readonly version: number;
  /** null: what the mode says. */
  readonly in_flight: InFlight | null;
  readonly epoch: string;
  /** Redis time (ms) of the scope's last restore or expiry: older evidence never acts on it. */
  readonly fence: number | null;
  /** Automation keeps off until then. */
  readonly hold_until: number | null;
}

/** Evidence as short as an operator at night needs it; at most three positions. */
export type BriefEvidence = Pick<Evidence, 'measure' | 'value' | 'threshold' | 'window_ms' | 'events'>;

/** A state together with the text of the scope that it is of. */
export interface ScopedState {
  readonly scope: string;
  readonly state: KillState;
}
