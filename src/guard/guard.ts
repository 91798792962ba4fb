import { ID_BYTES_MAX } from '../domain/event/limits.ts';
import { isObject } from '../domain/event/validate.ts';
import type { Actor } from '../domain/kill-state.ts';
import type { ToolKind } from '../domain/tool-kind.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventSink } from '../ports/event-sink.ts';
import { Admission } from './admission.ts';
import type { AgreedStore } from './agreed-store.ts';
import { CallEvents } from './call-events.ts';
import { Condition, own, type StalenessLimits } from './condition.ts';
import { Follower } from './follower.ts';
import { KillView } from './kill-view.ts';
import { nonEmpty, wrong } from './options.ts';
import { Poller } from './poller.ts';
import { failed, GuardSession } from './session.ts';
import { checkSessionOptions, type SessionOptions } from './session-options.ts';
import { Sessions } from './sessions.ts';
import { StateReader } from './state-reader.ts';
import type { ToolKinds } from './tool-kinds.ts';

export interface GuardParts {
  readonly id: string;
  readonly store: AgreedStore;
  readonly kinds: ToolKinds;
  readonly sink: EventSink | null;
  readonly clock: Clock;
  readonly limits: StalenessLimits;
  /** null: as published by the daemon, else 2 s. */
  readonly cacheTtlMs: number | null;
  readonly hashArgs: boolean;
  readonly report: (error: unknown) => void;
}

/** How a guard stands: for diagnostics and tests. */
export interface GuardState {
  readonly id: string;
  /** The newest version of the kill state that is enforced. */
  readonly version: number;
  /** The store's; null: not initialised, or never read. */
  readonly epoch: string | null;
  /** Whether writes of a session that nothing stops are allowed now. */
  readonly fresh: boolean;
  readonly sessions: number;
  readonly callsInFlight: number;
  /** Events that were lost. */
  readonly eventsDropped: number;
}

export interface CheckRequest {
  readonly tenantId: string;
  readonly sessionId: string;
  readonly tool: string;
  readonly kind?: ToolKind;
}

const DEFAULT_CACHE_TTL_MS = 2_000;
const CLOSE_TIMEOUT_MS = 2_000;

/** Enforces the kill state in one process (contract 6). Made by `createGuard`. */
export class Guard {
  readonly #parts: GuardParts;
  readonly #view = new KillView();
  readonly #condition: Condition;
  readonly #admission: Admission;
  readonly #sessions: Sessions;
  readonly #follower: Follower;
  readonly #events: CallEvents;
  readonly #poller: Poller;
  #closing: Promise<void> | null = null;
  #listening = false;

  constructor(parts: GuardParts) {
    const { id, store, clock, kinds, report } = parts;
    const actor: Actor = { kind: 'guard', id };
    const view = this.#view;
    this.#parts = parts;
    this.#condition = new Condition(clock, parts.limits);
    this.#admission = new Admission(view, this.#condition);
    const reader = new StateReader(() => store.current, view, clock, actor);
    this.#sessions = new Sessions({ view, kinds, condition: this.#condition }, () => store.current, reader);
    this.#follower = new Follower({
      ...{ id, store, clock, actor, report, view },
      ...{ reader, sessions: this.#sessions, condition: this.#condition },
    });
    this.#events = new CallEvents({ guardId: id, sink: parts.sink, clock, hashArgs: parts.hashArgs });
    this.#poller = new Poller(
      () => this.refresh(),
      () => parts.cacheTtlMs ?? publishedTtlMs(store) ?? DEFAULT_CACHE_TTL_MS,
    );
  }

  /** The first refresh; then one after the other. Resolves after it, or when that time is over. */
  async start(withinMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, withinMs);
    });
    await Promise.race([this.refresh(), late]);
    clearTimeout(timer);
    this.#poller.start();
  }

  /**
   * Opens a session and loads what stands over it. With the store down it resolves nevertheless: such a session denies
   * writes and model calls until it is loaded.
   * @throws SentinelError `usage` for options that are none, `conflict` where it is open with another parent.
   */
  async session(options: SessionOptions): Promise<GuardSession> {
    checkSessionOptions(options);
    const { tenantId, sessionId, parentSessionId = null } = options;
    const { clock, report } = this.#parts;
    const { open, loading } = this.#sessions.open(tenantId, sessionId, parentSessionId);
    const session = new GuardSession(options, { open, sessions: this.#sessions, events: this.#events, clock, report });
    await loading.catch(report);
    session.tellIfKilled();
    return session;
  }

  /** By ids, for sessions that are open here. No I/O; allocates nothing when it allows. */
  check(request: CheckRequest): Verdict {
    try {
      const { tenantId, sessionId, tool, kind } = request;
      const open = this.#sessions.find(tenantId, sessionId);
      return open === undefined ? UNKNOWN : open.check(tool, kind);
    } catch (error) {
      return failed(isObject(request) ? error : NO_REQUEST);
    }
  }

  /** May a new run of that tenant start? Only this refuses new runs. No I/O; never throws. */
  admit(request: { readonly tenantId: string }): Verdict {
    try {
      // Users of plain JavaScript may hand over nothing.
      const tenantId = (request as typeof request | undefined)?.tenantId as string;
      checkId(tenantId, 'guard.admit: tenantId');
      return this.#admission.verdict(tenantId);
    } catch (error) {
      return failed(error);
    }
  }

  /** Reads the store now. Resolves when it is done, well or not; see `state`. */
  async refresh(): Promise<void> {
    if (this.#condition.closed) return;
    this.#subscribe();
    await this.#follower.refresh();
  }

  get state(): GuardState {
    const { id, sink } = this.#parts;
    return {
      id,
      version: this.#follower.version,
      epoch: this.#follower.epoch,
      fresh: this.#condition.allowsWrites(),
      sessions: this.#sessions.size,
      callsInFlight: this.#sessions.inFlight,
      eventsDropped: sink?.dropped ?? 0,
    };
  }

  /** Denies from now on; delivers what events it can. Sessions are not ended by it. Idempotent, never rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { id, store, sink, report } = this.#parts;
    this.#condition.close();
    this.#sessions.recompute();
    this.#poller.stop();
    const parting = async (): Promise<void> => {
      await this.#follower.settled();
      await store.current.forgetGuard(id);
    };
    await within(CLOSE_TIMEOUT_MS, parting()).catch(() => undefined);
    await Promise.all([sink?.close(), within(CLOSE_TIMEOUT_MS, store.close())]).catch(report);
  }

  /** Pushes are a help, not a need: without them the next refresh tries again. */
  #subscribe(): void {
    if (this.#listening) return;
    this.#listening = true;
    this.#parts.store
      .subscribe((change) => this.#hear(change))
      // What changed before we listened is found by a refresh only.
      .then(() => this.#poller.hint())
      .catch(() => {
        this.#listening = false;
      });
  }

  #hear(change: Parameters<Follower['hear']>[0]): void {
    try {
      if (this.#follower.hear(change)) this.#poller.hint();
    } catch (error) {
      this.#parts.report(error);
      this.#poller.hint();
    }
  }
}

const checkId = nonEmpty(ID_BYTES_MAX);
const NO_REQUEST = wrong('guard.check: its argument', 'an object with tenantId, sessionId and tool');
const UNKNOWN = own('session_unknown', 'no such session is open in this guard', false);

function publishedTtlMs({ config }: AgreedStore): number | null {
  const seconds = config?.cache_ttl_s;
  return typeof seconds === 'number' && seconds > 0 ? seconds * 1_000 : null;
}

async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
