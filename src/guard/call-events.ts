import { createHash, randomUUID } from 'node:crypto';
import { BLOCKED_LABELS } from '../domain/event/blocked-labels.ts';
import type { ValidEvent } from '../domain/event/validate.ts';
import { canonicalJson } from '../domain/json.ts';
import type { ToolKind } from '../domain/tool-kind.ts';
import type { Denied } from '../domain/verdict.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventSink } from '../ports/event-sink.ts';

/** Who the events of a session are told about. */
export interface Teller {
  readonly tenantId: string;
  readonly sessionId: string;
  readonly agentId?: string | undefined;
  readonly runId?: string | undefined;
  readonly parentSessionId?: string | undefined;
}

/** What is told about one call. */
export interface ToldCall {
  readonly tool: string;
  readonly kind: ToolKind | undefined;
  readonly args: Readonly<Record<string, unknown>> | undefined;
  readonly callId: string;
  readonly idempotencyKey: string | undefined;
  readonly costUsd: number | undefined;
  readonly labels: Readonly<Record<string, string>> | undefined;
}

export interface Outcome {
  readonly status: 'ok' | 'error' | 'cancelled';
  /** The kind of an error, never its message: that may hold a secret. */
  readonly errorType: string | undefined;
  readonly latencyMs: number;
}

export interface TellingParts {
  readonly guardId: string;
  readonly sink: EventSink | null;
  readonly clock: Clock;
  /** Arguments stay here: events carry their hash. */
  readonly hashArgs: boolean;
}

/** UTF-16 units, at most 3 bytes each: what an event's texts may hold (1,024 bytes). */
const TEXT_LENGTH_MAX = 340;

/** Builds a guard's events (contract 3) and hands them to its sink, if it has one. */
export class CallEvents {
  readonly #parts: TellingParts;

  constructor(parts: TellingParts) {
    this.#parts = parts;
  }

  began(teller: Teller, call: ToldCall): void {
    this.#emit(teller, () => ({ phase: 'call', ...this.#asked(call) }));
  }

  ended(teller: Teller, call: ToldCall, { status, errorType, latencyMs }: Outcome): void {
    this.#emit(teller, () => ({
      phase: 'result',
      ...named(call),
      status,
      error_type: errorType === undefined ? undefined : brief(errorType),
      latency_ms: Math.max(0, latencyMs),
    }));
  }

  /** One event for the whole call: it never began. What it would have cost was not spent. */
  blocked(teller: Teller, call: ToldCall, verdict: Denied): void {
    this.#emit(teller, () => {
      const labels: Record<string, string> = { [BLOCKED_LABELS.guard]: this.#parts.guardId };
      labels[BLOCKED_LABELS.reason] = brief(verdict.reason);
      if (verdict.decisionId !== null) labels[BLOCKED_LABELS.decision] = verdict.decisionId;
      const told = { ...this.#asked(call), cost_usd: undefined };
      return { ...told, status: 'blocked', error_type: verdict.code, labels: { ...call.labels, ...labels } };
    });
  }

  sessionEnded(teller: Teller): void {
    this.#emit(teller, () => ({ type: 'session_end' }));
  }

  #asked(call: ToldCall): Fields {
    const { idempotencyKey, costUsd, args } = call;
    const told = this.#parts.hashArgs ? { args_hash: args && hashOf(args) } : { args };
    return { ...named(call), ...told, idempotency_key: idempotencyKey, cost_usd: costUsd };
  }

  #emit(teller: Teller, rest: () => Fields): void {
    const { sink, clock } = this.#parts;
    if (sink === null) return;
    const { tenantId, sessionId, agentId, runId, parentSessionId } = teller;
    const who = { tenant_id: tenantId, session_id: sessionId, agent_id: agentId, run_id: runId };
    const event = { event_id: randomUUID(), ts: clock.now(), ...who, parent_session_id: parentSessionId, ...rest() };
    sink.emit(present(event));
  }
}

/** An event in the making: what is undefined will be absent. */
type Fields = { readonly [K in keyof ValidEvent]?: ValidEvent[K] | undefined };

function present(event: Fields): ValidEvent {
  return Object.fromEntries(Object.entries(event).filter(([, value]) => value !== undefined)) as unknown as ValidEvent;
}

function brief(text: string): string {
  return text.slice(0, TEXT_LENGTH_MAX).toWellFormed();
}

/** What call and result both carry. */
function named({ tool, kind, callId, labels }: ToldCall): Fields {
  return { tool, kind, call_id: callId, labels };
}

/** Of the arguments as JSON says them (dates are texts, what is undefined is absent); undefined where JSON cannot. */
function hashOf(args: Readonly<Record<string, unknown>>): string | undefined {
  try {
    const said: unknown = JSON.parse(JSON.stringify(args));
    return createHash('sha256').update(canonicalJson(said)).digest('hex');
  } catch {
    return undefined;
  }
}
