import type { Rule } from '../../src/domain/rule.ts';
import type { Scope } from '../../src/domain/scope.ts';
import type { ToolLists } from '../../src/domain/tool-kind.ts';

/**
 * What the oracle works on and answers with: plain data only. The engine's answers are brought into the same form
 * (test/properties/engine-run.ts), so that a worked example or a random stream can be judged by both.
 */

/** An event as it stands in a record, after `JSON.parse`. */
export interface PlainEvent {
  readonly event_id: string;
  readonly ts: number;
  readonly tenant_id: string;
  readonly session_id: string;
  readonly type?: 'tool_call' | 'llm_call' | 'session_start' | 'session_end';
  readonly tool?: string;
  readonly kind?: 'read' | 'write';
  readonly phase?: 'call' | 'result';
  readonly call_id?: string;
  readonly agent_id?: string;
  readonly args?: { readonly [name: string]: Json };
  readonly args_hash?: string;
  readonly idempotency_key?: string;
  readonly status?: 'ok' | 'error' | 'blocked' | 'cancelled';
  readonly error_type?: string;
  readonly cost_usd?: number | null;
  readonly tokens_in?: number | null;
  readonly tokens_out?: number | null;
  readonly latency_ms?: number | null;
  readonly labels?: { readonly [name: string]: string };
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** The part of a rule that decides when it alerts. */
export type PlainRule = Pick<
  Rule,
  'name' | 'measure' | 'match' | 'groupBy' | 'windowMs' | 'condition' | 'forMs' | 'keepFiringForMs' | 'overrides'
>;

export interface Setup {
  readonly rules: readonly PlainRule[];
  readonly tools: ToolLists;
  readonly sessionEndsAfterMs: number;
  /** Smaller than {@link LIMITS}, so that few events reach them. */
  readonly limits?: Limits;
}

/** How much a key and a session remember. */
export interface Limits {
  readonly operationsPerKey: number;
  readonly fingerprintsPerKey: number;
  readonly eventIdsPerSession: number;
}

export const LIMITS: Limits = { operationsPerKey: 1024, fingerprintsPerKey: 64, eventIdsPerSession: 1024 };

/** One thing that happens to a partition. */
export type Happening =
  | { readonly record: PlainEvent; readonly offset: number; readonly appendedAt: number }
  | { readonly advance: number }
  | { readonly fence: Scope; readonly at: number }
  | { readonly reload: readonly PlainRule[] };

/** A change in the life of an alert. */
export type PlainAlert = PlainFiring | PlainResolved;

interface PlainIdentity {
  readonly rule: string;
  /** The key's parts by name, as `name=value` in a fixed order. */
  readonly key: string;
  readonly at: number;
  /** `record <offset> <appendedAt>` or `timer <due>`. */
  readonly cause: string;
}

export interface PlainFiring extends PlainIdentity {
  readonly state: 'firing';
  readonly value: number;
  readonly threshold: number;
  readonly windowEnd: number;
  readonly telling: Telling;
}

export interface PlainResolved extends PlainIdentity {
  readonly state: 'resolved';
  readonly why: 'condition' | 'ended' | 'fence' | 'reload';
}

export interface Telling {
  /** Offsets, oldest first, at most 20. */
  readonly evidence: readonly number[];
  /** Append time of the newest contributing record. */
  readonly evidenceAppendedAt: number;
  /** Most calls first; the order among equals is open. */
  readonly sessions: readonly { readonly tenant: string; readonly session: string; readonly calls: number }[];
  readonly tool: string | null;
}
