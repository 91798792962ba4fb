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

const PAGE = 1_000;

/**
 * The kill state as the daemon knows it: what stands in the way of calls (to find leaks and to renew), and the fences
 * (an input of the engine). Follows the store by version; a published change is only a hint to read sooner.
 */
export class KillMirror {
  readonly #reader: Pick<KillReader, 'changesSince'>;
  readonly #states = new Map<string, KillState>();
  readonly #tools = new Map<string, { readonly tenant: string | null; readonly matches: TextMatcher }>();
  #version = 0;
  #onFence: (fence: Fence) => void = () => {};

  constructor(reader: Pick<KillReader, 'changesSince'>) {
    this.#reader = reader;
  }

  /** Grows with every change: what was found clear at a version is clear until it grows. */
  get version(): number {
    return this.#version;
  }

  get quiet(): boolean {
    return this.#states.size === 0;
  }

  onFence(listener: (fence: Fence) => void): void {
    this.#onFence = listener;
  }

  /** Reads what is newer. Rejects when the store is not there: what is known stays. */
  async refresh(): Promise<void> {
    for (;;) {
      const changes = await this.#reader.changesSince(this.#version, PAGE);
      for (const change of changes) this.#take(change);
      if (changes.length < PAGE) return;
    }
  }

  /** Starts over: the store was rebuilt, versions may mean something else. */
  async reload(): Promise<void> {
    this.#version = 0;
    this.#states.clear();
    this.#tools.clear();
    await this.refresh();
  }

  #take({ scope: text, state }: ScopedState): void {
    const scope = parseScope(text);
    this.#version = Math.max(this.#version, state.version);
    if (scope === null) return;
    if (state.mode === 'none') this.#states.delete(text);
    else this.#states.set(text, state);
    if (scope.kind === 'tool') this.#takeTool(text, scope, state);
    if (state.fence !== null) this.#onFence({ scope, at: state.fence });
  }

  #takeTool(text: string, scope: Scope & { kind: 'tool' }, state: KillState): void {
    if (state.mode === 'none') this.#tools.delete(text);
    else this.#tools.set(text, { tenant: scope.tenant, matches: compileGlob(scope.pattern) });
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
