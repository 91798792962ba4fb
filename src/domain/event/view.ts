/**
 * What the engine sees of an event: numbers and interned ids, no strings, one record reused for every event.
 * A decoder fills it from bytes; nobody keeps it past the call.
 */
export const EventType = { toolCall: 0, llmCall: 1, sessionStart: 2, sessionEnd: 3 } as const;
export type EventType = (typeof EventType)[keyof typeof EventType];

/** `whole`: one event for the whole call, so it is both the call and its result. */
export const Phase = { whole: 0, call: 1, result: 2 } as const;
export type Phase = (typeof Phase)[keyof typeof Phase];

export const Status = { ok: 0, error: 1, blocked: 2, cancelled: 3 } as const;
export type Status = (typeof Status)[keyof typeof Status];

/** The wire's words, indexed by the numbers above. */
export const EVENT_TYPES = ['tool_call', 'llm_call', 'session_start', 'session_end'] as const;
export const STATUSES = ['ok', 'error', 'blocked', 'cancelled'] as const;

/** A value of a slot: what stands at a path that some rule asks for; undefined when nothing does. */
export type SlotValue = string | number | boolean | null | undefined;

export interface EventView {
  type: EventType;
  phase: Phase;
  status: Status;
  /** True when the call changes the world: decided from the `tools` lists and the event's own kind. */
  write: boolean;
  /** The producer's time, epoch ms, integer. */
  ts: number;

  /** Interned ids; 0 where the event has none. `session` is the pair (tenant, session). */
  tenant: number;
  session: number;
  agent: number;
  tool: number;
  errorType: number;

  /** Integers: cost in 1e-9 USD, the others in 1e-3 of their unit; saturating at 2^53 - 1; NaN where absent. */
  cost: number;
  tokensIn: number;
  tokensOut: number;
  latency: number;

  /** Keyed 64-bit hashes in two halves (uint32); both 0 where absent. */
  /** Of event_id and phase: the same in the same session counts once. */
  eventLo: number;
  eventHi: number;
  callLo: number;
  callHi: number;
  /** Fingerprint of `args`, independent of key order, white space and `1` against `1.0`; of `args_hash` where that stands instead; without either that of `{}`. */
  argsLo: number;
  argsHi: number;
  idempotencyLo: number;
  idempotencyHi: number;

  /** Values at the paths of the plan (`args.to`, `labels.team`), in its order, and their hashes. */
  slots: SlotValue[];
  slotLo: Uint32Array;
  slotHi: Uint32Array;

  /** Texts that are needed only when something fires; read lazily from the bytes of the current event. */
  eventIdText(): string;
}

/** What the rules of a set need from an event; the decoder reads nothing else. */
export interface FieldPlan {
  /** Distinct paths under `args.` and `labels.`, each the index of a slot. */
  readonly slots: readonly string[];
  /** False when no rule fingerprints arguments: then they are not even hashed. */
  readonly args: boolean;
}
