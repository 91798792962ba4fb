import { compileGlob, type TextMatcher } from '../domain/glob.ts';
import type { KillState, ScopedState } from '../domain/kill-state.ts';
import { type CallKind, modeDenies } from '../domain/mode.ts';
import { parseScope, type Scope, scopeText } from '../domain/scope.ts';
import type { KillReader } from '../ports/kill-store.ts';

/** A fence that was learned, and the scope that it is of. */
export interface Fence {
  readonly scope: Scope;
  readonly at: number;
}

/**
 * The kill state as the daemon knows it: what stands in the way of calls (to find leaks and to renew), and the fences
 * (an input of the engine). Follows the store by version; a published change is only a hint to read sooner.
 */
export class KillMirror {
  readonly #reader: Pick<KillReader, 'poll'>;
  readonly #fences = new Map<string, Fence>();
  #states = new Map<string, KillState>();
  #tools = new Map<string, { readonly tenant: string | null; readonly matches: TextMatcher }>();
  #version = 0;
  #epoch: string | null = null;
  #onFence: (fence: Fence) => void = () => {};

  constructor(reader: Pick<KillReader, 'poll'>) {
    this.#reader = reader;
  }

  /** Grows with every change: what was found clear at a version is clear until it grows. */
  get version(): number {
    return this.#version;
  }

  /** Of the store when it was last read; null: not initialised. */
  get epoch(): string | null {
    return this.#epoch;
  }

  get quiet(): boolean {
    return this.#states.size === 0;
  }

  onFence(listener: (fence: Fence) => void): void {
    this.#onFence = listener;
  }

  /** All fences known, for a partition that starts. */
  fences(): readonly Fence[] {
    return [...this.#fences.values()];
  }

  /** Every scope that is stopped, as it was last read. */
  tripped(): readonly ScopedState[] {
    return [...this.#states].map(([scope, state]) => ({ scope, state }));
  }

  has(scope: string): boolean {
    return this.#states.has(scope);
  }

  /** Every scope that the index must have: those that are stopped, and those whose fence is newer than that time. */
  known(since: number): readonly string[] {
    const fenced = [...this.#fences].filter(([text, { at }]) => at > since && !this.#states.has(text));
    return [...this.#states.keys(), ...fenced.map(([text]) => text)];
  }

  /**
   * Reads what is newer. Rejects when the store is not there: what is known stays.
   * @returns false when the store is not the one that was read before: it was wiped, rebuilt or rolled back.
   */
  async refresh(): Promise<boolean> {
    for (;;) {
      const answer = await this.#reader.poll({ sinceVersion: this.#version, tenants: [], sessions: [] });
      const same = this.#epoch === null || (answer.epoch === this.#epoch && answer.version >= this.#version);
      if (!same) return false;
      this.#epoch = answer.epoch;
      for (const change of answer.changes) this.#take(change);
      if (!answer.more) return true;
    }
  }

  /** Starts over: the store was rebuilt, versions may mean something else. What is known stays until all of it is read. */
  async reload(): Promise<void> {
    const fresh = new KillMirror(this.#reader);
    await fresh.refresh();
    this.#version = fresh.#version;
    this.#epoch = fresh.#epoch;
    this.#states = fresh.#states;
    this.#tools = fresh.#tools;
    for (const [text, fence] of fresh.#fences) this.#learn(text, fence);
  }

  /** Fences before that time are forgotten: no evidence as old ever acts. */
  forgetFences(before: number): void {
    for (const [text, { at }] of this.#fences) if (at < before) this.#fences.delete(text);
  }

  #take({ scope: text, state }: ScopedState): void {
    const scope = parseScope(text);
    this.#version = Math.max(this.#version, state.version);
    if (scope === null) return;
    if (state.mode === 'none') this.#states.delete(text);
    else this.#states.set(text, state);
    if (scope.kind === 'tool') this.#takeTool(text, scope, state);
    if (state.fence !== null) this.#learn(text, { scope, at: state.fence });
  }

  #learn(text: string, fence: Fence): void {
    if ((this.#fences.get(text)?.at ?? 0) >= fence.at) return;
    this.#fences.set(text, fence);
    this.#onFence(fence);
  }

  #takeTool(text: string, scope: Scope & { kind: 'tool' }, state: KillState): void {
    if (state.mode === 'none') this.#tools.delete(text);
    else this.#tools.set(text, { tenant: scope.tenant, matches: compileGlob(scope.pattern) });
  }

  /** True when anything at all stops calls of this session, whatever their kind or tool. */
  stops(tenant: string, session: string): boolean {
    if (this.#tools.size > 0) return true;
    const scopes: Scope[] = [{ kind: 'global' }, { kind: 'tenant', tenant }, { kind: 'session', tenant, session }];
    return scopes.some((scope) => this.stateOf(scope) !== null);
  }

  stateOf(scope: Scope): KillState | null {
    return this.#states.get(scopeText(scope)) ?? null;
  }

  /** The widest scope that should have denied such a call, and its state; null when none does. */
  denying(
    tenant: string,
    session: string,
    tool: string | null,
    call: CallKind,
  ): { scope: Scope; state: KillState } | null {
    const scopes: Scope[] = [{ kind: 'global' }, { kind: 'tenant', tenant }, { kind: 'session', tenant, session }];
    for (const scope of scopes) {
      const state = this.stateOf(scope);
      if (state !== null && modeDenies(state.mode, call)) return { scope, state };
    }
    return tool === null ? null : this.#denyingTool(tenant, tool);
  }

  #denyingTool(tenant: string, tool: string): { scope: Scope; state: KillState } | null {
    for (const [text, entry] of this.#tools) {
      if (entry.tenant !== null && entry.tenant !== tenant) continue;
      const state = this.#states.get(text);
      if (state !== undefined && entry.matches(tool)) return { scope: parseScope(text)!, state };
    }
    return null;
  }
}
