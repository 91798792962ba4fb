import type { ScopedState } from '../domain/kill-state.ts';
import type { Mode } from '../domain/mode.ts';
import type { PublishedConfig } from '../ports/kill-store.ts';
import type { GuardStore } from './guard-store.ts';
import type { ToolKinds } from './tool-kinds.ts';

/** What a guard and the daemon must agree on to read the same flags in the same way. */
export interface Agreement {
  readonly names: PublishedConfig['names'];
  readonly modeWhenEnabled: Mode;
}

export type OpenStore = (agreement: Agreement) => Promise<GuardStore>;
type Listener = (change: ScopedState | null) => void;

/** The store as the daemon's published settings say that it is to be read: opened anew when these change. */
export class AgreedStore {
  readonly #open: OpenStore;
  readonly #kinds: ToolKinds;
  #current: GuardStore;
  #agreement: Agreement;
  #config: PublishedConfig | null = null;
  #listener: Listener | null = null;
  #subscribed: Promise<() => Promise<void>> | null = null;

  private constructor(open: OpenStore, current: GuardStore, agreement: Agreement, kinds: ToolKinds) {
    this.#open = open;
    this.#current = current;
    this.#agreement = agreement;
    this.#kinds = kinds;
  }

  /** @param assumed until the daemon's settings are known */
  static async open(open: OpenStore, assumed: Agreement, kinds: ToolKinds): Promise<AgreedStore> {
    return new AgreedStore(open, await open(assumed), assumed, kinds);
  }

  get current(): GuardStore {
    return this.#current;
  }

  /** What was published when it was last read; null: nothing. */
  get config(): PublishedConfig | null {
    return this.#config;
  }

  /** Reads the published settings and follows them. Without any, what was agreed on before holds. */
  async agree(): Promise<void> {
    const config = await this.#current.config();
    if (config === null || JSON.stringify(config) === JSON.stringify(this.#config)) return;
    await this.#reopen({ names: config.names, modeWhenEnabled: config.mode_when_enabled });
    this.#kinds.use(config.tools);
    this.#config = config;
  }

  /** Rejects where the store does not answer; may be called again then. Once it holds it follows a store that is opened anew. */
  async subscribe(listener: Listener): Promise<void> {
    this.#listener = listener;
    if (this.#subscribed !== null) return;
    this.#subscribed = this.#current.subscribe(listener);
    try {
      await this.#subscribed;
    } catch (error) {
      this.#subscribed = null;
      throw error;
    }
  }

  async close(): Promise<void> {
    const leave = await this.#subscribed?.catch(() => undefined);
    await leave?.();
    await this.#current.close();
  }

  async #reopen(agreement: Agreement): Promise<void> {
    if (JSON.stringify(agreement) === JSON.stringify(this.#agreement)) return;
    const before = this.#current;
    const next = await this.#open(agreement);
    this.#agreement = agreement;
    if (next === before) return;
    this.#current = next;
    const leave = this.#subscribed;
    this.#subscribed = null;
    if (this.#listener !== null) await this.subscribe(this.#listener).catch(() => undefined);
    await (await leave?.catch(() => undefined))?.();
    await before.close();
  }
}
