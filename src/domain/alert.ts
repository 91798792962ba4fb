import type { Evidence } from './evidence.ts';
import type { Cause } from './ids.ts';
import type { KeyTexts, Rule } from './rule.ts';

/**
 * A change in the life of an alert, as the engine reports it. An episode runs from `firing` to `resolved`;
 * pending alerts are the engine's own business.
 */
export type Alert = FiringAlert | ResolvedAlert;

export interface FiringAlert extends AlertIdentity {
  readonly state: 'firing';
  readonly evidence: Evidence;
  /** What opened the episode. */
  readonly cause: Cause;
  /** Append time of the newest contributing record, ms: compared with fences. */
  readonly evidenceAppendedAt: number;
  /** The deciding event's own time, ms; null for timers of sessions without a newer event. */
  readonly eventTs: number | null;
  /** Whom an action concerns. */
  readonly subjects: Subjects;
}

export interface ResolvedAlert extends AlertIdentity {
  readonly state: 'resolved';
  /** The episode's cause, so that both records share their decision id. */
  readonly cause: Cause;
  /** `ended`: the session ended while it fired. `reload`: its rule is gone or means something else. */
  readonly why: 'condition' | 'ended' | 'fence' | 'reload';
}

export interface AlertIdentity {
  readonly rule: Rule;
  readonly key: KeyTexts;
  /** The key's one text form, e.g. `tenant=acme,session=s1`, ids percent-encoded. */
  readonly keyText: string;
  /** The horizon at which it happened: a record's, or the timer's due time; of an end by a fence the fence. */
  readonly at: number;
}

export interface Subjects {
  /**
   * Sessions to terminate, most repeats first: the key's own, or, for `duplicate_count` and `loop` keyed wider,
   * those that made the operation. At most 100.
   */
  readonly sessions: readonly { readonly tenant: string; readonly session: string }[];
  /** The exact tool of the key or of the repeated operation; null where there is no single one. */
  readonly tool: string | null;
}

/** One name for an episode: what the engine is asked about again. */
export function episodeText(alert: Pick<FiringAlert, 'rule' | 'keyText'>): string {
  return `${alert.rule.name}\n${alert.keyText}`;
}
