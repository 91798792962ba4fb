import type { ScopedState } from '../../domain/kill-state.ts';
import type { KillTables } from './kill-tables.ts';

type Listener = (change: ScopedState | null) => void;

interface Subscriber {
  readonly listener: Listener;
  /** The newest version that it heard of. */
  seen: number;
}

const AT_ONCE = 1_000;

/**
 * Tells subscribers of changes: of this process at once, of other processes when the version is looked at, every `pollMs`.
 * Both ways read what is newer from the store, so each hears of every newest state once.
 */
export class Feed {
  readonly #tables: KillTables;
  readonly #pollMs: number;
  readonly #subscribers = new Set<Subscriber>();
  #timer: NodeJS.Timeout | null = null;

  constructor(tables: KillTables, pollMs: number) {
    this.#tables = tables;
    this.#pollMs = pollMs;
  }

  /** @returns how to leave. */
  subscribe(listener: Listener): () => void {
    const subscriber = { listener, seen: this.#tables.store.read(() => this.#tables.version()) };
    this.#subscribers.add(subscriber);
    this.#timer ??= setInterval(() => this.look(), this.#pollMs).unref();
    return () => {
      this.#subscribers.delete(subscriber);
      if (this.#subscribers.size === 0) this.stop();
    };
  }

  /** Tells what is new since the last look. */
  look(): void {
    if (this.#subscribers.size === 0) return;
    const version = this.#tables.store.read(() => this.#tables.version());
    for (const subscriber of this.#subscribers) {
      if (version !== subscriber.seen) this.#tell(subscriber, version);
    }
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#subscribers.clear();
  }

  #tell(subscriber: Subscriber, version: number): void {
    const { store, real } = this.#tables;
    const since = subscriber.seen;
    subscriber.seen = version;
    // A version that went back is a store that was wiped.
    const changes = version < since ? [] : store.read(() => real.states.after(since, AT_ONCE));
    for (const change of changes) subscriber.listener(change);
    if (version < since || changes.length === AT_ONCE) subscriber.listener(null);
  }
}
