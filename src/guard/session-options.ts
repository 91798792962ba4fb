import { randomUUID } from 'node:crypto';
import { ID_BYTES_MAX, TEXT_BYTES_MAX } from '../domain/event/limits.ts';
import { isObject } from '../domain/event/validate.ts';
import type { ToolKind } from '../domain/tool-kind.ts';
import type { Denied } from '../domain/verdict.ts';
import type { ToldCall } from './call-events.ts';
import {
  callback,
  checkOptions,
  type Expectation,
  type Expectations,
  expected,
  nonEmpty,
  optional,
  text,
  wrong,
} from './options.ts';

export interface SessionOptions {
  /** 1–256 bytes each. A session is always the pair. */
  readonly tenantId: string;
  readonly sessionId: string;
  readonly agentId?: string;
  readonly runId?: string;
  /** A kill of the parent, and of its parents, holds for this session too. */
  readonly parentSessionId?: string;
  /** Called when the session is stopped altogether, and again when it is stopped once more after that was lifted. */
  readonly onKilled?: (verdict: Denied) => void;
}

export interface CheckOptions {
  /** The stricter of this and the `tools` lists counts; an unlisted tool is a write. */
  readonly kind?: ToolKind;
}

export interface CallOptions extends CheckOptions {
  /** Joins the call and its result; a random one where absent. */
  readonly callId?: string;
  readonly idempotencyKey?: string;
  /** What the call costs, US dollars, at least 0. */
  readonly costUsd?: number;
  readonly labels?: Readonly<Record<string, string>>;
}

const SESSION_OPTIONS: Expectations<SessionOptions> = {
  tenantId: nonEmpty(ID_BYTES_MAX),
  sessionId: nonEmpty(ID_BYTES_MAX),
  agentId: optional(text(TEXT_BYTES_MAX)),
  runId: optional(text(TEXT_BYTES_MAX)),
  parentSessionId: optional(nonEmpty(ID_BYTES_MAX)),
  onKilled: optional(callback),
};

const labelText = text(TEXT_BYTES_MAX);
const labels: Expectation = (value, at) => {
  if (!isObject(value)) throw wrong(at, 'an object of texts');
  for (const [name, label] of Object.entries(value)) labelText(label, `${at}.${name.slice(0, 60).toWellFormed()}`);
};

const kind = optional(expected('"read" or "write"', (value) => value === 'read' || value === 'write'));

const CHECK_OPTIONS: Expectations<CheckOptions> = { kind };

const CALL_OPTIONS: Expectations<CallOptions> = {
  kind,
  callId: optional(text(TEXT_BYTES_MAX)),
  idempotencyKey: optional(text(TEXT_BYTES_MAX)),
  costUsd: optional(expected('a number of at least 0', (value) => Number.isFinite(value) && (value as number) >= 0)),
  labels: optional(labels),
};

/** Only what is not as it mostly is takes time. @throws SentinelError `usage` */
export function declaredKind(options: CheckOptions): ToolKind | undefined {
  // Users of plain JavaScript may hand over nothing.
  const declared = (options as CheckOptions | null)?.kind;
  if (declared !== 'read' && declared !== 'write') checkOptions('session.check', options, CHECK_OPTIONS);
  return declared;
}

/** @throws SentinelError `usage` */
export function checkSessionOptions(options: SessionOptions): void {
  checkOptions('guard.session', options, SESSION_OPTIONS);
}

/** What is told about a call. @throws SentinelError `usage` for what no event could carry. */
export function toldCall(tool: string, args: ToldCall['args'], fn: unknown, options: CallOptions): ToldCall {
  nonEmpty(TEXT_BYTES_MAX)(tool, 'session.call: tool');
  if (args !== undefined && !isObject(args)) throw wrong('session.call: args', 'an object, or undefined');
  callback(fn, 'session.call: fn');
  checkOptions('session.call', options, CALL_OPTIONS);
  const { kind, callId = randomUUID(), idempotencyKey, costUsd, labels } = options;
  return { tool, kind, args, callId, idempotencyKey, costUsd, labels };
}
