import type { Database } from 'lmdb';
import { type Account, type LimitBook, liveTimes } from '../../killswitch/limits.ts';
import type { TrippedLimit } from '../../ports/kill-store.ts';
import { textKey } from './keys.ts';
import type { EmbeddedStore } from './store.ts';

/** What the automation has spent of its limits, and which of them hold. The shadow of simulated rules is another one. */
export class Spending {
  readonly #times: Database<readonly number[], Uint8Array>;
  readonly #tripped: Database<TrippedLimit, Uint8Array>;

  constructor(store: EmbeddedStore, prefix: string) {
    this.#times = store.byteTable(`${prefix}spent`);
    this.#tripped = store.byteTable(`${prefix}limits-tripped`);
  }

  book(activeSessions: LimitBook['activeSessions']): LimitBook {
    return {
      spent: (account) => this.#times.get(textKey(account)) ?? [],
      holds: (name) => this.#tripped.get(textKey(name)) !== undefined,
      activeSessions,
    };
  }

  spend({ name, perMs }: Account, now: number): void {
    const times = this.#times.get(textKey(name)) ?? [];
    this.#times.put(textKey(name), [...liveTimes(times, perMs, now), now]);
  }

  trip(limit: TrippedLimit): void {
    this.#tripped.put(textKey(limit.name), limit);
  }

  tripped(): TrippedLimit[] {
    return [...this.#tripped.getRange({})].map(({ value }) => value);
  }

  /** Armed and full again: that limit, or all that hold where null. @returns their names. */
  rearm(name: string | null): string[] {
    const names = this.tripped()
      .map((limit) => limit.name)
      .filter((each) => name === null || each === name);
    for (const each of names) {
      this.#tripped.remove(textKey(each));
      this.#times.remove(textKey(each));
    }
    return names;
  }
}
