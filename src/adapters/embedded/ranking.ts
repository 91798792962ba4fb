import type { Database } from 'lmdb';
import { hashParts } from '../../domain/ids.ts';
import type { EmbeddedStore } from './store.ts';

/** Texts in the order of a number: scopes by version, by expiry, by the time they were cleared. */
export class Ranking {
  readonly #rows: Database<string, [number, string]>;

  constructor(store: EmbeddedStore, name: string) {
    this.#rows = store.table(name);
  }

  put(rank: number, text: string): void {
    this.#rows.put([rank, hashParts(text)], text);
  }

  remove(rank: number, text: string): void {
    this.#rows.remove([rank, hashParts(text)]);
  }

  /** Texts with a rank of at least `from` and below `below`, lowest first. */
  between(from: number, below: number, limit: number): { readonly rank: number; readonly text: string }[] {
    const rows = this.#rows.getRange({ start: [from], end: [below], limit });
    return [...rows].map(({ key, value }) => ({ rank: key[0], text: value }));
  }

  /** The greatest rank; null where there is nothing. */
  greatest(): number | null {
    const [last] = this.#rows.getKeys({ reverse: true, limit: 1 });
    return last === undefined ? null : last[0];
  }
}
