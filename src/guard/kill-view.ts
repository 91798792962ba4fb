import { SentinelError } from '../domain/errors.ts';
import type { KillState, ScopedState } from '../domain/kill-state.ts';
import type { ModeText } from '../domain/mode.ts';
import { GLOBAL, parseScope, type Scope, scopeText } from '../domain/scope.ts';
import type { Switch } from '../killswitch/precedence.ts';
import type { PollRequest, ScopeReading } from '../ports/kill-store.ts';
import { DisabledTools } from './disabled-tools.ts';
import { HeldScope } from './held-scope.ts';

/** Stands for everybody where tools are kept by tenant; no tenant is empty. */
const EVERYBODY = '';

/**
 * The part of the kill state that concerns this guard: global, the tenants and sessions that are watched (with their
 * ancestors), the disabled tools of everybody and of those tenants, and every other tenant while it is tripped, because a
 * new run may be asked for of any. What else was ever killed costs nothing here.
 */
export class KillView {
  readonly #held = new Map<string, HeldScope>();
  readonly #toolsByTenant = new Map<string, Map<string, HeldScope>>();
  readonly #disabled = new Map<string, DisabledTools | null>();
  #asked: Pick<PollRequest, 'tenants' | 'sessions'> | null = null;
  readonly global: HeldScope = this.watch(GLOBAL, () => {});

  /**
   * From now on changes of that scope are taken in, and told: those of a tenant's tools as changes of the tenant, those of
   * everybody's as global ones. `unwatch` with the same listener ends it.
   */
  watch(scope: Scope, listener: () => void): HeldScope {
    const held = this.#held.get(scopeText(scope)) ?? this.#hold(scope);
    if (held.listeners.size === 0) this.#asked = null;
    held.listeners.add(listener);
    return held;
  }

  unwatch(held: HeldScope, listener: () => void): void {
    held.listeners.delete(listener);
    if (held.listeners.size > 0) return;
    this.#asked = null;
    this.#forgetUnneeded(held);
    if (held.scope.kind !== 'tenant') return;
    this.#toolsByTenant.delete(held.scope.tenant);
    this.#disabled.delete(held.scope.tenant);
  }

  /** What a poll asks for. */
  get asked(): Pick<PollRequest, 'tenants' | 'sessions'> {
    this.#asked ??= this.#askFor();
    return this.#asked;
  }

  /** All scopes that are held, those of tools too. */
  *held(): Generator<HeldScope> {
    yield* this.#held.values();
    for (const tools of this.#toolsByTenant.values()) yield* tools.values();
  }

  /** Scopes of which something was heard and not yet read, or that the store had lost. */
  unsure(): HeldScope[] {
    return [...this.held()].filter(({ isUnsure }) => isUnsure);
  }

  /** What the store says of scopes. @returns those whose flags differ: to be adopted. */
  takeReadings(readings: readonly ScopeReading[], at: number): readonly Scope[] {
    const differing: Scope[] = [];
    for (const { scope, state, byHand, forgotten } of readings) {
      this.takeOne(scopeText(scope), state);
      this.lose(scope, forgotten ? (byHand ?? 'none') : 'none');
      if (forgotten || byHand === null) continue;
      this.hearByHand(scope, byHand, at);
      differing.push(scope);
    }
    return differing;
  }

  /** States that were read from the store. */
  take(states: readonly ScopedState[]): void {
    for (const { scope, state } of states) this.takeOne(scope, state);
  }

  /** @throws SentinelError `internal` where the state is none: nothing may be concluded from it. */
  takeOne(text: string, state: KillState | null): void {
    if (state !== null && !isState(state)) throw unreadable(text);
    const held = this.#follow(text, state);
    if (held?.take(state)) this.#tell(held);
  }

  /** A change that was pushed. @returns whether the store has to be asked about it. */
  hear({ scope, state }: ScopedState): boolean {
    if (!isState(state)) return true;
    const held = this.#follow(scope, state);
    if (held === null) return false;
    if (held.hear(state)) this.#tell(held);
    return held.heard !== null || state.version > held.version;
  }

  /** A flag that differs from the index. */
  hearByHand(scope: Scope, mode: ModeText, at: number): void {
    const held = this.#follow(scopeText(scope), { mode });
    if (held?.hearByHand(mode, at)) this.#tell(held);
  }

  /** The store has lost the state of that scope, which denies so much until it is read again; `none`: it has it. */
  lose(scope: Scope, mode: ModeText): void {
    const held = this.#follow(scopeText(scope), { mode });
    if (held?.lose(mode)) this.#tell(held);
  }

  /** Those of everybody and of that tenant; null where there are none. */
  disabledTools(tenant: string): DisabledTools | null {
    let disabled = this.#disabled.get(tenant);
    if (disabled === undefined) {
      const held = [EVERYBODY, tenant].flatMap((owner) => [...(this.#toolsByTenant.get(owner)?.values() ?? [])]);
      const switches: Switch[] = held.flatMap((each) => each.switches);
      disabled = switches.length === 0 ? null : new DisabledTools(switches);
      this.#disabled.set(tenant, disabled);
    }
    return disabled;
  }

  #hold(scope: Scope): HeldScope {
    const held = new HeldScope(scope);
    this.#held.set(held.text, held);
    return held;
  }

  /** What nobody watches is held no longer, but for a tripped tenant. */
  #forgetUnneeded(held: HeldScope): void {
    const isNeeded = held.listeners.size > 0 || (held.scope.kind === 'tenant' && held.mode !== 'none');
    if (!isNeeded) this.#held.delete(held.text);
  }

  #isWatched(tenant: string): boolean {
    return (this.#held.get(scopeText({ kind: 'tenant', tenant }))?.listeners.size ?? 0) > 0;
  }

  /** The held scope of that text; a tenant's is made when it is tripped, a tool's when it concerns us and is disabled. */
  #follow(text: string, state: Pick<KillState, 'mode'> | null): HeldScope | null {
    const held = this.#held.get(text);
    if (held !== undefined) return held;
    const scope = parseScope(text);
    const isTripped = state !== null && state.mode !== 'none';
    if (scope?.kind === 'tenant' && isTripped) return this.#hold(scope);
    if (scope?.kind !== 'tool') return null;
    if (scope.tenant !== null && !this.#isWatched(scope.tenant)) return null;
    const owner = scope.tenant ?? EVERYBODY;
    const known = this.#toolsByTenant.get(owner)?.get(text);
    if (known !== undefined || !isTripped) return known ?? null;
    const tools = this.#toolsByTenant.get(owner) ?? new Map<string, HeldScope>();
    this.#toolsByTenant.set(owner, tools);
    const made = new HeldScope(scope);
    tools.set(text, made);
    return made;
  }

  #tell(held: HeldScope): void {
    const { scope } = held;
    let concerned: HeldScope | undefined = held;
    if (scope.kind === 'tool') {
      if (held.mode === 'none') this.#toolsByTenant.get(scope.tenant ?? EVERYBODY)?.delete(held.text);
      if (scope.tenant === null) this.#disabled.clear();
      else this.#disabled.delete(scope.tenant);
      concerned = scope.tenant === null ? this.global : this.#held.get(`tenant:${scope.tenant}`);
    }
    if (concerned === held) this.#forgetUnneeded(held);
    tellAll([...(concerned?.listeners ?? [])]);
  }

  #askFor(): Pick<PollRequest, 'tenants' | 'sessions'> {
    const scopes = [...this.#held.values()].flatMap(({ scope, listeners }) => (listeners.size > 0 ? [scope] : []));
    return {
      tenants: scopes.flatMap((scope) => (scope.kind === 'tenant' ? [scope.tenant] : [])),
      sessions: scopes.flatMap((scope) =>
        scope.kind === 'session' ? [{ tenant: scope.tenant, session: scope.session }] : [],
      ),
    };
  }
}

/** A bug of one must not keep the change from the others: it is thrown when all have heard. */
function tellAll(listeners: readonly (() => void)[]): void {
  const failures: unknown[] = [];
  for (const listener of listeners) {
    try {
      listener();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

function isState(state: KillState): boolean {
  return typeof state === 'object' && typeof state.mode === 'string' && Number.isFinite(state.version);
}

function unreadable(scope: string): SentinelError {
  return new SentinelError('internal', `The kill store's state of ${scope} cannot be read: look at agent_kill_index.`);
}
