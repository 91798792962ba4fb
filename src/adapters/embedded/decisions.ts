import type { Database } from 'lmdb';
import { WEEK_MS } from '../../killswitch/standing.ts';
import { textKey } from './keys.ts';
import { Ranking } from './ranking.ts';
import type { EmbeddedStore } from './store.ts';

/** Ids of the decisions of the last 7 days: applying one again changes nothing. */
export class Decisions {
  readonly #appliedAt: Database<number, Uint8Array>;
  readonly #order: Ranking;

  constructor(store: EmbeddedStore, prefix: string) {
    this.#appliedAt = store.byteTable(`${prefix}applied`);
    this.#order = new Ranking(store, `${prefix}applied-order`);
  }

  wasApplied(id: string, now: number): boolean {
    const at = this.#appliedAt.get(textKey(id));
    return at !== undefined && now - at < WEEK_MS;
  }

  remember(id: string, now: number): void {
    this.#forget(id);
    this.#appliedAt.put(textKey(id), now);
    this.#order.put(now, id);
  }

  /** Drops ids that no longer count. */
  sweep(now: number, limit: number): void {
    for (const { text } of this.#order.between(0, now - WEEK_MS, limit)) this.#forget(text);
  }

  #forget(id: string): void {
    const at = this.#appliedAt.get(textKey(id));
    if (at === undefined) return;
    this.#appliedAt.remove(textKey(id));
    this.#order.remove(at, id);
  }
}
