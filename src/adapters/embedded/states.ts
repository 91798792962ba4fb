import type { Database } from 'lmdb';
import type { ScopedState } from '../../domain/kill-state.ts';
import { type Standing, WEEK_MS } from '../../killswitch/standing.ts';
import { afterPrefix, textKey } from './keys.ts';
import { Ranking } from './ranking.ts';
import type { EmbeddedStore } from './store.ts';

/** The index of states, with the orders that it is read in. The shadow of simulated rules is another one. */
export class States {
  readonly #index: Database<ScopedState, Uint8Array>;
  readonly #order: Ranking;
  readonly #expiry: Ranking;
  readonly #cleared: Ranking;

  constructor(store: EmbeddedStore, prefix: string) {
    this.#index = store.byteTable(`${prefix}index`);
    this.#order = new Ranking(store, `${prefix}order`);
    this.#expiry = new Ranking(store, `${prefix}expiry`);
    this.#cleared = new Ranking(store, `${prefix}cleared`);
  }

  get(scope: string): Standing {
    return this.#index.get(textKey(scope))?.state ?? null;
  }

  has(scope: string): boolean {
    return this.#index.doesExist(textKey(scope));
  }

  put({ scope, state }: ScopedState): void {
    this.remove(scope);
    this.#index.put(textKey(scope), { scope, state });
    this.#order.put(state.version, scope);
    if (state.mode === 'none') this.#cleared.put(forgettableAt(state), scope);
    else if (state.expires_at !== null) this.#expiry.put(state.expires_at, scope);
  }

  remove(scope: string): void {
    const state = this.get(scope);
    if (state === null) return;
    this.#index.remove(textKey(scope));
    this.#order.remove(state.version, scope);
    this.#cleared.remove(forgettableAt(state), scope);
    if (state.expires_at !== null) this.#expiry.remove(state.expires_at, scope);
  }

  /** By version, those with a greater one. */
  after(version: number, limit: number): ScopedState[] {
    // Versions are integers.
    return this.#order.between(version + 1, Number.MAX_VALUE, limit).map(({ text }) => this.#known(text));
  }

  /** Tripped ones that end at or before that time, soonest first. */
  dueBy(time: number, limit: number): string[] {
    return this.#expiry.between(0, time + 1, limit).map(({ text }) => text);
  }

  /** Cleared ones that nobody needs since before that time, oldest first. */
  forgettableBefore(time: number, limit: number): string[] {
    return this.#cleared.between(0, time, limit).map(({ text }) => text);
  }

  /** Those whose scope text begins so. */
  beginningWith(prefix: string): ScopedState[] {
    return [...this.#index.getRange({ start: textKey(prefix), end: afterPrefix(prefix) })].map(({ value }) => value);
  }

  greatestVersion(): number {
    return this.#order.greatest() ?? 0;
  }

  #known(scope: string): ScopedState {
    const found = this.#index.get(textKey(scope));
    if (found === undefined) throw new Error(`the order names ${scope}, the index does not`);
    return found;
  }
}

/** Cleared states are kept for 7 days, and as long as their hold. */
function forgettableAt({ at, hold_until }: ScopedState['state']): number {
  return Math.max(at + WEEK_MS, hold_until ?? 0);
}
