import type { Actor } from '../domain/kill-state.ts';
import type { Scope } from '../domain/scope.ts';
import type { Clock } from '../ports/clock.ts';
import type { ScopeReading } from '../ports/kill-store.ts';
import type { GuardStore } from './guard-store.ts';
import type { KillView } from './kill-view.ts';

/** Reads scopes from the store into the view, and adopts what was set by hand on them. */
export class StateReader {
  readonly #store: () => GuardStore;
  readonly #view: KillView;
  readonly #clock: Clock;
  readonly #actor: Actor;

  constructor(store: () => GuardStore, view: KillView, clock: Clock, actor: Actor) {
    this.#store = store;
    this.#view = view;
    this.#clock = clock;
    this.#actor = actor;
  }

  /** Also all disabled tools of everybody and of these tenants. @returns what stood in the store before anything was adopted */
  async load(scopes: readonly Scope[], tenants: readonly string[]): Promise<readonly ScopeReading[]> {
    const store = this.#store();
    const [readings, tools] = await Promise.all([store.read(scopes), store.disabledTools(tenants)]);
    await this.#take([...readings, ...tools]);
    return readings;
  }

  /** Tenants that are tripped, whether a session of them is open here or not. */
  async loadTrippedTenants(): Promise<void> {
    await this.#take(await this.#store().trippedTenants());
  }

  async read(scopes: readonly Scope[]): Promise<void> {
    if (scopes.length === 0) return;
    await this.#take(await this.#store().read(scopes));
  }

  async #take(readings: readonly ScopeReading[]): Promise<void> {
    await this.adopt(this.#view.takeReadings(readings, this.#clock.now()));
  }

  /** Makes flags and index agree in these scopes. */
  async adopt(scopes: readonly Scope[]): Promise<void> {
    if (scopes.length > 0) this.#view.take(await this.#store().adopt(scopes, this.#actor));
  }
}
