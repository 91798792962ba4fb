import { randomUUID } from 'node:crypto';
import type { Actor, ScopedState } from '../../domain/kill-state.ts';
import { type Scope, scopeText } from '../../domain/scope.ts';
import type { KillKeys } from '../../killswitch/keys.ts';
import type { ChangeOutcome, TrippedLimit } from '../../ports/kill-store.ts';
import type { RedisLink } from './connect.ts';
import { flagsInKeyspace } from './keyspace.ts';
import { list, outcome, scopedStates, text, texts } from './kill-replies.ts';
import { CHUNK, chunks, flat, json, setEnding } from './kill-requests.ts';
import type { KillScripts } from './kill-scripts.ts';
import type { RedisOutbox } from './outbox.ts';

/** What a daemon does for the state (lua/upkeep.lua.ts), in steps that let Redis serve others in between. */
export class RedisUpkeep {
  readonly #link: RedisLink;
  readonly #keys: KillKeys;
  readonly #scripts: KillScripts;
  readonly #outbox: RedisOutbox;

  constructor(link: RedisLink, keys: KillKeys, scripts: KillScripts, outbox: RedisOutbox) {
    this.#link = link;
    this.#keys = keys;
    this.#scripts = scripts;
    this.#outbox = outbox;
  }

  async adopt(asked: readonly string[], actor: Actor): Promise<readonly ScopedState[]> {
    const changes: ScopedState[] = [];
    for (const part of chunks(asked)) {
      changes.push(...scopedStates(await this.#scripts.change('adopt', json(actor), ...part)));
    }
    return changes;
  }

  async adoptAll(actor: Actor): Promise<readonly ScopedState[]> {
    const changes: ScopedState[] = [];
    for await (const found of flagsInKeyspace(this.#link, this.#keys)) {
      const differing = [
        ...texts(await this.#scripts.read('differing', ...found.scopes.map(scopeText))),
        ...texts(await this.#scripts.read('sets', ...found.toolSets.map((tenant) => setEnding(this.#keys, tenant)))),
      ];
      changes.push(...(await this.adopt(differing, actor)));
    }
    changes.push(...(await this.#adoptIndex(actor)));
    return changes;
  }

  async expire(now: number, actor: Actor): Promise<readonly ScopedState[]> {
    const expired: ScopedState[] = [];
    for (;;) {
      const [changes, more] = list(await this.#scripts.change('expire', json(actor), String(now), String(CHUNK)));
      expired.push(...scopedStates(changes));
      if (more !== '1') return expired;
    }
  }

  async renew(scope: Scope, actor: Actor): Promise<ChangeOutcome> {
    return outcome(await this.#scripts.change('renew', scopeText(scope), json(actor)));
  }

  async reassert(states: readonly ScopedState[], actor: Actor): Promise<readonly ScopedState[]> {
    const changes: ScopedState[] = [];
    for (const part of chunks(states)) {
      changes.push(...scopedStates(await this.#scripts.change('reassert', json(actor), ...flat(part))));
    }
    return changes;
  }

  async sweep(limit: number): Promise<readonly string[]> {
    return texts(await this.#scripts.change('sweep', String(limit)));
  }

  async initialise(
    states: readonly ScopedState[],
    actor: Actor,
    limits: readonly TrippedLimit[] = [],
  ): Promise<string> {
    await this.#take(states);
    // The topic does not have yet what waits for it.
    for await (const waiting of this.#outbox.states()) await this.#take(waiting);
    for (const { name, at, detail } of limits) await this.#scripts.change('hold', name, String(at), detail);
    await this.#settle();
    // A complete store knows everything that was set by hand while it was none.
    await this.adoptAll(actor);
    return text(await this.#scripts.change('initialised', randomUUID()));
  }

  async rearm(name: string | null, actor: Actor): Promise<readonly string[]> {
    return texts(await this.#scripts.change('rearm', json(actor), name ?? ''));
  }

  async #take(states: readonly ScopedState[]): Promise<void> {
    for (const part of chunks(states)) await this.#scripts.change('take', ...flat(part));
  }

  /** States that were lost and that nobody gave back are waited for no longer. */
  async #settle(): Promise<void> {
    for (let version = '-1'; ; ) {
      const [count, last] = texts(await this.#scripts.change('settle', version, String(CHUNK)));
      if (Number(count) < CHUNK) return;
      version = last ?? version;
    }
  }

  /** Flags that are gone show only from the index. */
  async #adoptIndex(actor: Actor): Promise<readonly ScopedState[]> {
    const changes: ScopedState[] = [];
    const until = await this.#newestVersion();
    for (let version = '-1'; ; ) {
      const [adrift, count, last] = list(await this.#scripts.read('adrift', version, String(CHUNK)));
      changes.push(...(await this.adopt(texts(adrift), actor)));
      version = text(last);
      // What is adopted moves to the end of the order: go no further than where that was.
      if (Number(count) < CHUNK || Number(version) >= until) return changes;
    }
  }

  async #newestVersion(): Promise<number> {
    const [, version] = list(await this.#scripts.read('changes', json({ version: '0', limit: 0 })));
    return Number(version);
  }
}
