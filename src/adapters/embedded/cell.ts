import type { Database } from 'lmdb';
import type { EmbeddedStore } from './store.ts';

/** One named value of a store. */
export class Cell<V> {
  readonly #table: Database<V, string>;
  readonly #name: string;

  constructor(store: EmbeddedStore, name: string) {
    this.#table = store.table('cells');
    this.#name = name;
  }

  get(): V | null {
    return this.#table.get(this.#name) ?? null;
  }

  set(value: V): void {
    this.#table.put(this.#name, value);
  }

  remove(): void {
    this.#table.remove(this.#name);
  }
}
