import type { ScopedState } from '../../domain/kill-state.ts';
import type { RedisLink } from './connect.ts';
import { parsed } from './kill-replies.ts';

type Listener = (change: ScopedState | null) => void;

/**
 * Published changes, heard on a connection of its own. Messages are a hint: whenever the connection was away, or a
 * message is not understood, listeners hear null and poll.
 */
export class ChangeSubscription {
  readonly #connect: () => RedisLink;
  readonly #channel: string;
  readonly #listeners = new Set<Listener>();
  #link: Promise<RedisLink> | null = null;

  constructor(channel: string, connect: () => RedisLink) {
    this.#channel = channel;
    this.#connect = connect;
  }

  async add(listener: Listener): Promise<() => Promise<void>> {
    this.#listeners.add(listener);
    try {
      await (this.#link ??= this.#listen());
    } catch (error) {
      this.#listeners.delete(listener);
      this.#link = null;
      throw error;
    }
    return async () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) await this.close();
    };
  }

  async close(): Promise<void> {
    const link = this.#link;
    this.#link = null;
    this.#listeners.clear();
    const held = await link?.catch(() => null);
    // What is still on its way there is not for those who listen next.
    held?.client.removeAllListeners('message');
    held?.close();
  }

  async #listen(): Promise<RedisLink> {
    const link = this.#connect();
    const subscribe = () => link.run((client) => client.subscribe(this.#channel));
    link.client.on('message', (_channel: string, message: string) => this.#tell(parsed<ScopedState>(message)));
    try {
      await subscribe();
    } catch (error) {
      link.close();
      throw error;
    }
    // Subscribed again first: only then does a poll see everything that no message will bring.
    link.client.on('ready', () =>
      subscribe().then(
        () => this.#tell(null),
        () => this.#tell(null),
      ),
    );
    return link;
  }

  #tell(change: ScopedState | null): void {
    for (const listener of [...this.#listeners]) listener(change);
  }
}
