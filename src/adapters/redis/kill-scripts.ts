import type { KillKeys } from '../../killswitch/keys.ts';
import type { RedisLink } from './connect.ts';
import type { Reply } from './kill-replies.ts';
import { CHANGE_SCRIPT, READ_SCRIPT, type Script } from './lua/scripts.ts';

/** The two scripts behind the kill store, as commands: every change is one call of one script, every reading one round trip. */
export class KillScripts {
  readonly #link: RedisLink;
  readonly #keys: KillKeys;
  readonly #settings: string;
  readonly #offset: () => number;

  /** `settings`: JSON that every call carries. `offset`: ms added to Redis TIME inside the scripts, for tests. */
  constructor(link: RedisLink, keys: KillKeys, settings: string, offset: () => number) {
    this.#link = link;
    this.#keys = keys;
    this.#settings = settings;
    this.#offset = offset;
  }

  change(command: string, ...args: readonly string[]): Promise<Reply> {
    return this.#run(CHANGE_SCRIPT, command, args);
  }

  read(command: string, ...args: readonly string[]): Promise<Reply> {
    return this.#run(READ_SCRIPT, command, args);
  }

  #run(script: Script, command: string, args: readonly string[]): Promise<Reply> {
    const all = [this.#settings, String(this.#offset()), command, ...args];
    return this.#link.run(async (client) => {
      try {
        return (await client.evalsha(script.sha1, 1, this.#keys.index, ...all)) as Reply;
      } catch (error) {
        if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
        return (await client.eval(script.text, 1, this.#keys.index, ...all)) as Reply;
      }
    });
  }
}
