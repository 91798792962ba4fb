import { isSentinelError, messageOf } from '../domain/errors.ts';
import type { Denied, Verdict } from '../domain/verdict.ts';
import type { Clock } from '../ports/clock.ts';
import { CallBlocked } from './call-blocked.ts';
import type { CallEvents, Outcome, Teller, ToldCall } from './call-events.ts';
import type { CallInFlight } from './calls-in-flight.ts';
import { own } from './condition.ts';
import type { OpenSession } from './open-session.ts';
import { notBuilt } from './options.ts';
import { type CallOptions, type CheckOptions, declaredKind, type SessionOptions, toldCall } from './session-options.ts';
import type { Sessions } from './sessions.ts';

export type SessionEnd = { readonly status: 'ok' } | { readonly status: 'stopped'; readonly stop_reason: 'killed' };

/** What a session needs of its guard. */
export interface SessionParts {
  readonly open: OpenSession;
  readonly sessions: Sessions;
  readonly events: CallEvents;
  readonly clock: Clock;
  readonly report: (error: unknown) => void;
}

/** One session in the hands of a gateway or an agent loop. */
export class GuardSession {
  // What a check looks at stands first, side by side in memory.
  readonly #open: OpenSession;
  #ended: SessionEnd | null = null;
  readonly #options: SessionOptions;
  readonly #parts: SessionParts;
  readonly #told: ((verdict: Denied) => void) | null;
  #isTold = false;

  /** Made by `guard.session()`. */
  constructor(options: SessionOptions, parts: SessionParts) {
    this.#options = options;
    this.#parts = parts;
    this.#open = parts.open;
    this.#told = options.onKilled === undefined ? null : (verdict) => this.#tell(verdict);
    if (this.#told !== null) this.#open.killListeners.add(this.#told);
  }

  /** Aborted when what is in flight is to be cancelled: for work that does not go through `call`. */
  get signal(): AbortSignal {
    return this.#open.signal;
  }

  /** May this tool be called now? No I/O; allocates nothing when it allows. Reports nothing: `call` does. */
  check(tool: string, options?: CheckOptions): Verdict {
    try {
      const kind = options === undefined ? undefined : declaredKind(options);
      return this.#ended === null ? this.#open.check(tool, kind) : ENDED;
    } catch (error) {
      return failed(error);
    }
  }

  /** May the model be called now? */
  checkModel(): Verdict {
    try {
      return this.#ended === null ? this.#open.checkModel() : ENDED;
    } catch (error) {
      return failed(error);
    }
  }

  /** @throws CallBlocked when the session is stopped altogether: for the head of an agent's loop. */
  throwIfKilled(): void {
    const verdict = this.#open.killedBy;
    if (verdict !== null) throw new CallBlocked(verdict);
  }

  /**
   * Runs `fn` if the call is allowed, and tells about it: an event before and one after, or one that says blocked.
   * The signal is aborted when the call is to be cancelled; the promise rejects at once then, whatever `fn` does.
   * @throws CallBlocked when it was refused or cancelled; else whatever `fn` throws.
   * @throws SentinelError `usage` for options that no event could carry, or that there are not.
   */
  async call<T>(
    tool: string,
    args: Readonly<Record<string, unknown>> | undefined,
    fn: (signal: AbortSignal) => T | PromiseLike<T>,
    options: CallOptions = {},
  ): Promise<T> {
    const told = toldCall(tool, args, fn, options);
    const verdict = this.check(tool, told.kind === undefined ? undefined : { kind: told.kind });
    if (!verdict.allowed) {
      this.#quietly(() => this.#parts.events.blocked(this.#teller, told, verdict));
      throw new CallBlocked(verdict);
    }
    return this.#run(told, fn);
  }

  /**
   * The session is over: for this guard when its last handle ends, and then, by an event, for the rules too. A guard
   * that merely is closed says nothing of the kind.
   */
  async end(): Promise<SessionEnd> {
    if (this.#ended !== null) return this.#ended;
    this.#ended = this.#open.killedBy === null ? { status: 'ok' } : { status: 'stopped', stop_reason: 'killed' };
    if (this.#told !== null) this.#open.killListeners.delete(this.#told);
    if (this.#parts.sessions.endHandle(this.#open)) {
      this.#quietly(() => this.#parts.events.sessionEnded(this.#teller));
    }
    return this.#ended;
  }

  /** @deprecated Not in this version: nothing would count it. @throws SentinelError `usage` */
  record(): never {
    throw notBuilt('session.record()');
  }

  /** @deprecated Not in this version: nothing would count it. @throws SentinelError `usage` */
  step(): never {
    throw notBuilt('session.step()');
  }

  /** For a session that was stopped before it was opened here. */
  tellIfKilled(): void {
    const verdict = this.#open.killedBy;
    if (verdict !== null && !this.#isTold) this.#tell(verdict);
  }

  get #teller(): Teller {
    return this.#options;
  }

  async #run<T>(told: ToldCall, fn: (signal: AbortSignal) => T | PromiseLike<T>): Promise<T> {
    const { sessions, clock } = this.#parts;
    const kind = this.#open.kindOf(told.tool, told.kind);
    const call = sessions.beginCall(this.#open, told.tool, kind);
    const startedAt = clock.now();
    this.#quietly(() => this.#parts.events.began(this.#teller, told));
    const work = settled(fn, call.signal).then((settlement) => {
      sessions.endCall(this.#open, call);
      const latencyMs = clock.now() - startedAt;
      this.#quietly(() => this.#parts.events.ended(this.#teller, told, { ...outcomeOf(settlement, call), latencyMs }));
      return settlement;
    });
    const settlement = await Promise.race([work, cancelled(call.signal)]);
    if (call.cancelledBy !== null) throw new CallBlocked(call.cancelledBy);
    if (settlement.status === 'rejected') throw settlement.reason;
    return settlement.value;
  }

  #tell(verdict: Denied): void {
    this.#isTold = true;
    this.#quietly(() => this.#options.onKilled?.(verdict));
  }

  /** What is told to others is never in the way of a call. */
  #quietly(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#parts.report(error);
    }
  }
}

const ENDED: Denied = own('session_unknown', 'this session has ended', false);

/** A bug, or a tool without a name: nothing may be allowed then. */
export function failed(error: unknown): Denied {
  return own('guard_error', messageOf(error), false);
}

type Settlement<T> =
  | { readonly status: 'fulfilled'; readonly value: T }
  | { readonly status: 'rejected'; readonly reason: unknown };

async function settled<T>(
  fn: (signal: AbortSignal) => T | PromiseLike<T>,
  signal: AbortSignal,
): Promise<Settlement<T>> {
  try {
    return { status: 'fulfilled', value: await fn(signal) };
  } catch (reason) {
    return { status: 'rejected', reason };
  }
}

function cancelled(signal: AbortSignal): Promise<Settlement<never>> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve({ status: 'rejected', reason: signal.reason }), { once: true });
  });
}

/** The truth about the call, not about its caller: one that finished in spite of its cancellation was carried out. */
function outcomeOf(settlement: Settlement<unknown>, call: CallInFlight): Omit<Outcome, 'latencyMs'> {
  if (settlement.status === 'fulfilled') return { status: 'ok', errorType: undefined };
  if (call.cancelledBy !== null) return { status: 'cancelled', errorType: call.cancelledBy.code };
  return { status: 'error', errorType: errorType(settlement.reason) };
}

function errorType(error: unknown): string {
  if (isSentinelError(error)) return error.code;
  return error instanceof Error ? error.name : typeof error;
}
