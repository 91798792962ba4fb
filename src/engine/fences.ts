import type { Symbols } from '../domain/event/symbols.ts';
import type { EventView } from '../domain/event/view.ts';
import type { GroupKey } from '../domain/rule.ts';
import { type Scope, scopeText } from '../domain/scope.ts';
import type { SnapshotReader, SnapshotWriter } from './parts.ts';

/** A fence is forgotten when the horizon is that far past it: kill state forgets then, too. */
const KEPT_MS = 7 * 86_400_000;

/** The scope that a rule's keys are exactly: where its fences come from. */
export type KeyScope = 'session' | 'tenant' | 'tool' | 'global_tool';

/** null when a key is no scope that a switch could stop. */
export function keyScope(groupBy: readonly GroupKey[]): KeyScope | null {
  const parts = groupBy.filter((part) => part !== 'tenant').join();
  if (parts === '') return 'tenant';
  return parts === 'session' || parts === 'tool' || parts === 'global_tool' ? parts : null;
}

/**
 * Fences by scope text, and what they mean for ids: looked up once per id, and forgotten when a fence comes.
 * A partition without fences pays nothing.
 */
export class Fences {
  private byScope = new Map<string, number>();
  private readonly symbols: Symbols;
  private readonly ofTenant = new Map<number, number>();
  private readonly ofTool = new Map<number, number>();
  private readonly ofGlobalTool = new Map<number, number>();

  constructor(symbols: Symbols) {
    this.symbols = symbols;
  }

  get isEmpty(): boolean {
    return this.byScope.size === 0;
  }

  /** @returns false when the scope has a fence at least as late. */
  add(scope: Scope, at: number, horizon: number): boolean {
    for (const [text, time] of this.byScope) if (time < horizon - KEPT_MS) this.byScope.delete(text);
    this.forgetIds();
    const text = scopeText(scope);
    if ((this.byScope.get(text) ?? 0) >= at) return false;
    this.byScope.set(text, at);
    return true;
  }

  /** The fence of the event's own tenant or tool; 0 when there is none. */
  of(kind: Exclude<KeyScope, 'session'>, view: EventView): number {
    switch (kind) {
      case 'tenant':
        return this.lookUp(this.ofTenant, view.tenant, () => ({
          kind: 'tenant',
          tenant: this.tenantText(view.tenant),
        }));
      case 'tool':
        return this.toolOfTenant(view);
      case 'global_tool':
        return this.lookUp(this.ofGlobalTool, view.tool, () => this.tool(null, view.tool));
    }
  }

  /** The fence of a session; not remembered by id, as session ids are given again. */
  ofSession(session: number): number {
    const { sessions } = this.symbols;
    const scope: Scope = {
      kind: 'session',
      tenant: this.tenantText(sessions.tenant(session)),
      session: sessions.text(session),
    };
    return this.byScope.get(scopeText(scope)) ?? 0;
  }

  save(into: SnapshotWriter): void {
    into.fact('fences', [...this.byScope]);
  }

  load(from: SnapshotReader): void {
    this.byScope = new Map(from.fact<readonly (readonly [string, number])[]>('fences'));
    this.forgetIds();
  }

  private toolOfTenant(view: EventView): number {
    const { tenant, tool } = view;
    return this.lookUp(this.ofTool, tenant * 2 ** 24 + tool, () => this.tool(this.tenantText(tenant), tool));
  }

  private tool(tenant: string | null, tool: number): Scope {
    return { kind: 'tool', tenant, pattern: this.symbols.tools.text(tool) };
  }

  private tenantText(tenant: number): string {
    return this.symbols.tenants.text(tenant);
  }

  private lookUp(known: Map<number, number>, id: number, scope: () => Scope): number {
    const found = known.get(id);
    if (found !== undefined) return found;
    const at = this.byScope.get(scopeText(scope())) ?? 0;
    known.set(id, at);
    return at;
  }

  private forgetIds(): void {
    this.ofTenant.clear();
    this.ofTool.clear();
    this.ofGlobalTool.clear();
  }
}
