import { GLOBAL, type Scope } from '../domain/scope.ts';
import type { ToolKind } from '../domain/tool-kind.ts';
import { ALLOWED, type Denied, type Verdict } from '../domain/verdict.ts';
import { type Attempt, denialBy, denies, type Switch } from '../killswitch/precedence.ts';
import { CallBlocked } from './call-blocked.ts';
import { CallsInFlight } from './calls-in-flight.ts';
import { type Condition, own } from './condition.ts';
import type { DisabledTools } from './disabled-tools.ts';
import type { HeldScope } from './held-scope.ts';
import type { KillView } from './kill-view.ts';
import type { ToolKinds } from './tool-kinds.ts';

const READ: Attempt = { kind: 'read', tool: null };
const WRITE: Attempt = { kind: 'write', tool: null };
const MODEL: Attempt = { kind: 'model_call', tool: null };
const NEW_RUN: Attempt = { kind: 'new_run', tool: null };

/** What all sessions of a guard are judged with. */
export interface Bench {
  readonly view: KillView;
  readonly kinds: ToolKinds;
  readonly condition: Condition;
}

/**
 * One session that is open in this guard, shared by all handles of it.
 *
 * What a check needs is worked out when something changes, not when somebody asks: an allowed read is a look at the
 * tool's kind and at one field, an allowed write one at the clock more. Only a denial walks through the switches again,
 * for its reason.
 */
export class OpenSession {
  // What a check looks at stands first, side by side in memory.
  readonly #kinds: ToolKinds;
  /** No switch, disabled tool or passing of time is in the way of any read: true only while that is certain. */
  #readsFreely = false;
  /** What the switches allow, tools apart. */
  #reads = false;
  #writes = false;
  #models = false;
  #tools: DisabledTools | null = null;
  readonly #bench: Bench;
  readonly tenant: string;
  readonly session: string;
  readonly calls = new CallsInFlight();
  /** Called once whenever a stop begins. */
  readonly killListeners = new Set<(verdict: Denied) => void>();
  readonly #listener = (): void => this.recompute();
  readonly #globalScope: HeldScope;
  readonly #tenantScope: HeldScope;
  readonly #sessionScope: HeldScope;
  #ancestors: readonly HeldScope[] = [];
  #broken: string | null = null;
  #loaded = false;
  #released = false;
  #killedBy: Denied | null = null;
  #abort = new AbortController();

  constructor(tenant: string, session: string, bench: Bench) {
    this.tenant = tenant;
    this.session = session;
    this.#bench = bench;
    this.#kinds = bench.kinds;
    this.#globalScope = this.#watch(GLOBAL);
    this.#tenantScope = this.#watch({ kind: 'tenant', tenant });
    this.#sessionScope = this.#watch({ kind: 'session', tenant, session });
    this.recompute();
  }

  /** Its scopes and ancestors are known. */
  get loaded(): boolean {
    return this.#loaded;
  }

  /** Aborted while calls in flight are to be cancelled; a new one once that was lifted. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** The denial of everything that it would do; null while it is not stopped. */
  get killedBy(): Denied | null {
    return this.#killedBy;
  }

  get scopes(): readonly Scope[] {
    return this.#held().map(({ scope }) => scope);
  }

  check(tool: string, declared: ToolKind | undefined): Verdict {
    if (declared === undefined && this.#readsFreely && this.#kinds.isKnownRead(tool)) return ALLOWED;
    const kind = this.#kinds.of(tool, declared);
    if (kind === 'read' && this.#readsFreely) return ALLOWED;
    return this.#judge(tool, kind);
  }

  kindOf(tool: string, declared: ToolKind | undefined): ToolKind {
    return this.#kinds.of(tool, declared);
  }

  checkModel(): Verdict {
    if (this.#models && this.#bench.condition.allowsWrites()) return ALLOWED;
    return this.#denial(MODEL);
  }

  /** Who the ancestors are, outermost first; `broken`: why they cannot be told. Their states are read next. */
  descendsFrom(ancestors: readonly string[], broken: string | null): void {
    if (this.#released) return;
    const old = this.#ancestors;
    this.#ancestors = ancestors.map((session) => this.#watch({ kind: 'session', tenant: this.tenant, session }));
    for (const held of old) if (!this.#ancestors.includes(held)) this.#bench.view.unwatch(held, this.#listener);
    this.#broken = broken;
    this.recompute();
  }

  /** Whether it is one of these sessions of its tenant, or descends from one. */
  isUnder(sessions: readonly string[]): boolean {
    return this.scopes.some((scope) => scope.kind === 'session' && sessions.includes(scope.session));
  }

  /** Its ancestors cannot be told any more: nothing may be allowed. */
  breakOff(why: string): void {
    this.#broken = why;
    this.recompute();
  }

  /** The states of all its scopes were read. */
  markLoaded(): void {
    this.#loaded = true;
    this.recompute();
  }

  /** A parent became known: until it is resolved, nothing but reads. */
  markUnloaded(): void {
    this.#loaded = false;
    this.recompute();
  }

  /** Something changed on a scope that may be over this session, or the guard was closed. */
  recompute(): void {
    // Should anything below fail, nothing passes.
    this.#readsFreely = this.#reads = this.#writes = this.#models = false;
    const { view, condition } = this.#bench;
    const switches = this.#switches();
    const known = this.#broken === null;
    const before = this.#killedBy;
    this.#tools = view.disabledTools(this.tenant);
    this.#killedBy = denialBy(switches, READ);
    this.#reads = known && this.#killedBy === null;
    this.#readsFreely = this.#reads && this.#tools === null && condition.allowsReadsAtAnyAge;
    this.#writes = known && this.#loaded && denialBy(switches, WRITE) === null;
    this.#models = known && this.#loaded && denialBy(switches, MODEL) === null;
    this.#cancelInFlight(switches);
    if (before === null && this.#killedBy !== null) for (const told of this.killListeners) told(this.#killedBy);
  }

  /** Nobody needs it any more. */
  release(): void {
    this.#released = true;
    for (const held of this.#held()) this.#bench.view.unwatch(held, this.#listener);
  }

  #watch(scope: Scope): HeldScope {
    return this.#bench.view.watch(scope, this.#listener);
  }

  #held(): readonly HeldScope[] {
    return [this.#globalScope, this.#tenantScope, ...this.#ancestors, this.#sessionScope];
  }

  /** Outermost first. */
  #switches(): readonly Switch[] {
    return this.#held().flatMap(({ switches }) => switches);
  }

  #judge(tool: string, kind: ToolKind): Verdict {
    const { condition } = this.#bench;
    const passes = kind === 'read' ? this.#reads && condition.allowsReads() : this.#writes && condition.allowsWrites();
    if (passes && (this.#tools === null || !this.#tools.stops(tool))) return ALLOWED;
    return this.#denial({ kind, tool });
  }

  #denial(attempt: Attempt): Denied {
    const { condition } = this.#bench;
    if (condition.closed) return own('guard_closed', 'this guard is closed', false);
    const tools = attempt.tool === null ? [] : (this.#tools?.switches ?? []);
    const killed = denialBy([...this.#switches(), ...tools], attempt);
    if (killed !== null) return killed;
    if (this.#broken !== null) return own('ancestor_unresolved', this.#broken, false);
    return condition.denial(attempt.kind) ?? own('state_unknown', NOT_LOADED, true);
  }

  #cancelInFlight(switches: readonly Switch[]): void {
    const cancelling = switches.filter((each) => each.cancels);
    if (cancelling.length === 0 && this.#abort.signal.aborted) this.#abort = new AbortController();
    if (cancelling.length > 0 && !this.#abort.signal.aborted) {
      this.#abort.abort(new CallBlocked(cancellation(cancelling, READ)));
    }
    const tools = (this.#tools?.switches ?? []).filter((each) => each.cancels);
    for (const call of this.calls) {
      const concerned = [...cancelling, ...tools.filter((each) => denies(each, call))];
      if (concerned.length === 0) continue;
      const verdict = cancellation(concerned, call);
      call.cancel(verdict, new CallBlocked(verdict));
    }
  }
}

const NOT_LOADED = 'the kill state of this session was not loaded yet: the store does not answer';

/**
 * What a cancelled attempt is told: how these switches would refuse it. One that cancels what it would not have refused is
 * told as it refuses writes or else new runs, and names no tool then: the tool is not what it stops.
 */
function cancellation(by: readonly Switch[], { kind, tool }: Attempt): Denied {
  return denialBy(by, { kind, tool }) ?? denialBy(by, WRITE) ?? denialBy(by, NEW_RUN)!;
}
