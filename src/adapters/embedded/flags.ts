import type { Database } from 'lmdb';
import { afterPrefix, textKey } from './keys.ts';
import type { EmbeddedStore } from './store.ts';

/** What stands under a key that people may set by hand; `damaged` is neither a text nor a set. */
export type Entry =
  | { readonly kind: 'text'; readonly text: string; readonly expiresAt: number | null }
  | { readonly kind: 'set'; readonly members: readonly string[]; readonly expiresAt: number | null }
  | { readonly kind: 'damaged'; readonly expiresAt: number | null };

/**
 * The flags of contract 5 under their own names, as plain texts and sets beside the index, so that a program without the
 * rest of this store can read and set them. All methods are for use inside `read` and `write` of the store.
 */
export class Flags {
  readonly #entries: Database<{ key: string; entry: Entry }, Uint8Array>;

  constructor(store: EmbeddedStore) {
    this.#entries = store.byteTable('flags');
  }

  /** null: there is none, or its own expiry has passed. */
  get(key: string, now: number): Entry | null {
    const found = this.#entries.get(textKey(key))?.entry;
    if (found === undefined || (found.expiresAt !== null && found.expiresAt <= now)) return null;
    return found;
  }

  put(key: string, entry: Entry): void {
    this.#entries.put(textKey(key), { key, entry });
  }

  remove(key: string): void {
    this.#entries.remove(textKey(key));
  }

  /** Keys that begin with that text. */
  keys(prefix: string): string[] {
    const range = { start: textKey(prefix), end: afterPrefix(prefix) };
    return [...this.#entries.getRange(range)].map(({ value }) => value.key);
  }
}
