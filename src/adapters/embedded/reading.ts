import type { ScopedState } from '../../domain/kill-state.ts';
import type { ModeText } from '../../domain/mode.ts';
import { parseScope, type Scope, scopeText } from '../../domain/scope.ts';
import { flagDiffers } from '../../killswitch/adoption.ts';
import { flagKey, toolSetKey } from '../../killswitch/keys.ts';
import { isTripped } from '../../killswitch/standing.ts';
import type { PollAnswer, PollRequest, ScopeReading } from '../../ports/kill-store.ts';
import type { KillTables } from './kill-tables.ts';
import { disabledTools, flagOf, toolsIn } from './step.ts';

/** How many changes one poll answers at most. */
const CHANGES_PER_POLL = 1_000;

type HandMade = PollAnswer['byHand'][number];

/** What guards and people read: all of it inside one `read` of the store. */
export class Reading {
  readonly #tables: KillTables;

  constructor(tables: KillTables) {
    this.#tables = tables;
  }

  scopes(scopes: readonly Scope[]): ScopeReading[] {
    const now = this.#tables.clock.now();
    return scopes.map((scope) => {
      const state = this.#tables.real.states.get(scopeText(scope));
      const byHand = scope.kind === 'tool' ? this.#toolByHand(scope, now) : this.#byHand(scope, now);
      // One transaction writes flags and states: none is lost alone.
      return { scope, state, byHand, forgotten: false };
    });
  }

  poll({ sinceVersion, tenants, sessions }: PollRequest): PollAnswer {
    const now = this.#tables.clock.now();
    const switches: SwitchScope[] = [
      { kind: 'global' },
      ...tenants.map((tenant): SwitchScope => ({ kind: 'tenant', tenant })),
      ...sessions.map(({ tenant, session }): SwitchScope => ({ kind: 'session', tenant, session })),
    ];
    const sets = [null, ...tenants].map((tenant) => this.#compareSet(tenant, now));
    const changes = this.#tables.real.states.after(sinceVersion, CHANGES_PER_POLL);
    return {
      epoch: this.#tables.epoch.get(),
      version: this.#tables.version(),
      changes,
      more: changes.length === CHANGES_PER_POLL,
      byHand: [...switches.flatMap((scope) => this.#handMade(scope, now)), ...sets.flatMap(({ byHand }) => byHand)],
      lost: [...switches.filter((scope) => this.#isLost(scope, now)), ...sets.flatMap(({ lost }) => lost)],
      forgotten: [],
    };
  }

  disabledTools(tenants: readonly string[]): ScopeReading[] {
    return this.#readingsOf([null, ...tenants].flatMap((tenant) => [...disabledTools(this.#tables, tenant).values()]));
  }

  /** Cleared ones are passed over: the index keeps them for 7 days only. */
  trippedTenants(): ScopeReading[] {
    return this.#readingsOf(this.#tables.real.states.beginningWith('tenant:').filter(({ state }) => isTripped(state)));
  }

  page(afterVersion: number, limit: number): { states: readonly ScopedState[]; next: number | null } {
    const states = this.#tables.real.states.after(afterVersion, limit);
    return { states, next: states.length < limit ? null : (states.at(-1)?.state.version ?? null) };
  }

  #readingsOf(states: readonly ScopedState[]): ScopeReading[] {
    return this.scopes(states.flatMap(({ scope }) => parseScope(scope) ?? []));
  }

  #handMade(scope: SwitchScope, now: number): HandMade[] {
    const mode = this.#byHand(scope, now);
    return mode === null ? [] : [{ scope, mode }];
  }

  #byHand(scope: SwitchScope, now: number): ModeText | null {
    const flag = flagOf(this.#tables.flags.get(flagKey(this.#tables.keys, scope), now));
    if (flag === null) return null;
    return flagDiffers(scope, this.#tables.real.states.get(scopeText(scope)), flag, this.#tables.modeWhenEnabled);
  }

  #isLost(scope: SwitchScope, now: number): boolean {
    if (this.#tables.flags.get(flagKey(this.#tables.keys, scope), now) !== null) return false;
    return isTripped(this.#tables.real.states.get(scopeText(scope)));
  }

  #toolByHand(scope: ToolScope, now: number): ModeText | null {
    const members = toolsIn(this.#tables.flags.get(flagKey(this.#tables.keys, scope), now));
    const tripped = isTripped(this.#tables.real.states.get(scopeText(scope)));
    return members.includes(scope.pattern) && !tripped ? 'disabled' : null;
  }

  #compareSet(tenant: string | null, now: number): { byHand: HandMade[]; lost: Scope[] } {
    const entry = this.#tables.flags.get(toolSetKey(this.#tables.keys, tenant), now);
    const members = toolsIn(entry);
    const known = disabledTools(this.#tables, tenant);
    // An expiry set by hand on the whole set concerns every member.
    const temporary = entry !== null && entry.expiresAt !== null;
    const news = members.filter((pattern) => pattern !== '' && (temporary || !known.has(pattern)));
    // What is no set has no members, whatever it was meant to be.
    const isSet = entry?.kind === 'set';
    const lost = [...known].flatMap(([pattern, { scope }]) =>
      isSet && members.includes(pattern) ? [] : (parseScope(scope) ?? []),
    );
    return { byHand: news.map((pattern) => ({ scope: { kind: 'tool', tenant, pattern }, mode: 'disabled' })), lost };
  }
}

type ToolScope = Extract<Scope, { kind: 'tool' }>;
type SwitchScope = Exclude<Scope, ToolScope>;
