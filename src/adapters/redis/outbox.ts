import type { ChainLink } from '../../domain/audit-record.ts';
import { SentinelError } from '../../domain/errors.ts';
import type { ScopedState } from '../../domain/kill-state.ts';
import type { KillKeys } from '../../killswitch/keys.ts';
import type { Outbox, OutboxEntry } from '../../ports/kill-store.ts';
import { list, outboxEntry, pairs, parsed, text } from './kill-replies.ts';
import { CHUNK, json } from './kill-requests.ts';
import type { KillScripts } from './kill-scripts.ts';

/** Audit records of changes on their way to the log, the relay's lease, and how far it came. */
export class RedisOutbox implements Outbox {
  readonly #scripts: KillScripts;
  readonly #keys: KillKeys;

  constructor(scripts: KillScripts, keys: KillKeys) {
    this.#scripts = scripts;
    this.#keys = keys;
  }

  async lease(owner: string, ttlMs: number): Promise<boolean> {
    return (await this.#scripts.change('lease', owner, String(ttlMs))) === '1';
  }

  async release(owner: string): Promise<void> {
    await this.#scripts.change('release', owner);
  }

  async entries(after: string | null, limit: number): Promise<readonly OutboxEntry[]> {
    for (let from = after; ; ) {
      const found = list(await this.#scripts.read('entries', from ?? '', String(limit)));
      const entries = found.map(outboxEntry).filter((entry) => entry !== null);
      // A page of nothing but foreign entries is not the end.
      if (entries.length > 0 || found.length < limit) return entries;
      from = text(list(found.at(-1))[0]);
    }
  }

  /** The states of all changes that wait, oldest first, a page at a time. */
  async *states(): AsyncGenerator<readonly ScopedState[]> {
    for (let after: string | null = null; ; ) {
      const entries: readonly OutboxEntry[] = await this.entries(after, CHUNK);
      after = entries.at(-1)?.id ?? null;
      if (after === null) return;
      yield entries.flatMap(({ note: { scope, state } }) => (state === null ? [] : [{ scope, state }]));
    }
  }

  async rememberChain(owner: string, entryId: string, link: ChainLink): Promise<void> {
    const remembered = await this.#scripts.change('chain', owner, entryId, json(link));
    if (remembered !== '1') throw superseded(`chain entry ${entryId}`);
  }

  async chainState(): Promise<{ readonly last: ChainLink | null; readonly pending: ReadonlyMap<string, ChainLink> }> {
    const relay = new Map(pairs(await this.#scripts.read('hash', this.#keys.relay)));
    const pending = new Map<string, ChainLink>();
    for (const [field, value] of relay) {
      const link = field.startsWith('chain:') ? parsed<ChainLink>(value) : null;
      if (link !== null) pending.set(field.slice('chain:'.length), link);
    }
    return { last: parsed<ChainLink>(relay.get('last')), pending };
  }

  async acknowledge(owner: string, entryId: string): Promise<void> {
    if ((await this.#scripts.change('acknowledge', owner, entryId)) !== '1')
      throw superseded(`acknowledge entry ${entryId}`);
  }

  async acknowledged(): Promise<string | null> {
    return new Map(pairs(await this.#scripts.read('hash', this.#keys.relay))).get('acknowledged') ?? null;
  }

  async pendingCount(): Promise<number> {
    return Number(await this.#scripts.read('pending'));
  }
}

function superseded(what: string): SentinelError {
  return new SentinelError('superseded', `Cannot ${what}: another relay holds the lease, or chained it otherwise.`);
}
