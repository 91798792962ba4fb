import type { Database } from 'lmdb';
import type { ChainLink } from '../../domain/audit-record.ts';
import { SentinelError } from '../../domain/errors.ts';
import type { ChangeNote, OutboxEntry } from '../../ports/kill-store.ts';
import { Cell } from './cell.ts';
import type { EmbeddedStore } from './store.ts';

/** Written `<ms>-<n>` as a Redis stream's ids are, so that whoever compares them need not know the store. */
type EntryKey = [ms: number, n: number];

/** Audit records of changes on their way to the log, the relay's lease, and how far it came. Inside `read` and `write`. */
export class OutboxTable {
  readonly #entries: Database<Omit<OutboxEntry, 'id'>, EntryKey>;
  readonly #links: Database<ChainLink, EntryKey>;
  readonly #count: Cell<number>;
  readonly #newest: Cell<string>;
  readonly #acknowledged: Cell<string>;
  readonly #lastLink: Cell<ChainLink>;
  readonly #lease: Cell<{ owner: string; until: number }>;

  constructor(store: EmbeddedStore) {
    this.#entries = store.table('outbox');
    this.#links = store.table('outbox-links');
    this.#count = new Cell(store, 'outbox-count');
    this.#newest = new Cell(store, 'outbox-newest');
    this.#acknowledged = new Cell(store, 'outbox-acknowledged');
    this.#lastLink = new Cell(store, 'outbox-last-link');
    this.#lease = new Cell(store, 'outbox-lease');
  }

  /** @returns the entry's id. */
  add(note: ChangeNote): string {
    const previous = this.#newest.get();
    const [ms, n] = previous === null ? [0, 0] : keyOf(previous);
    const key: EntryKey = note.at > ms ? [note.at, 0] : [ms, n + 1];
    this.#entries.put(key, { previous, note });
    this.#newest.set(idOf(key));
    this.#count.set(this.count() + 1);
    return idOf(key);
  }

  count(): number {
    return this.#count.get() ?? 0;
  }

  after(id: string | null, limit: number): OutboxEntry[] {
    const range = id === null ? { limit } : { start: keyOf(id), exclusiveStart: true, limit };
    return [...this.#entries.getRange(range)].map(({ key, value }) => ({ id: idOf(key), ...value }));
  }

  acknowledged(): string | null {
    return this.#acknowledged.get();
  }

  lease(owner: string, ttlMs: number, now: number): boolean {
    const lease = this.#lease.get();
    if (lease !== null && lease.owner !== owner && lease.until > now) return false;
    this.#lease.set({ owner, until: now + ttlMs });
    return true;
  }

  release(owner: string): void {
    if (this.#lease.get()?.owner === owner) this.#lease.remove();
  }

  /** @throws SentinelError `superseded` where another relay took over or chained the entry otherwise. */
  rememberLink(owner: string, id: string, link: ChainLink): void {
    this.#mustHold(owner);
    const known = this.#links.get(keyOf(id));
    if (known === undefined) {
      this.#links.put(keyOf(id), link);
      this.#lastLink.set(link);
    } else if (known.hash !== link.hash || known.writer !== link.writer || known.seq !== link.seq) {
      throw superseded(`Entry ${id} of the outbox was chained by another relay: read the chain's state again.`);
    }
  }

  chainState(): { readonly last: ChainLink | null; readonly pending: ReadonlyMap<string, ChainLink> } {
    const pending = [...this.#links.getRange({})].map(({ key, value }) => [idOf(key), value] as const);
    return { last: this.#lastLink.get(), pending: new Map(pending) };
  }

  /** Trims everything up to this entry. @throws SentinelError `superseded` where another relay took over. */
  acknowledge(owner: string, id: string): void {
    this.#mustHold(owner);
    const done = this.#acknowledged.get();
    if (done !== null && !isAfter(keyOf(id), keyOf(done))) return;
    const [ms, n] = keyOf(id);
    const upTo = { end: [ms, n + 1] };
    const trimmed = [...this.#entries.getKeys(upTo)];
    for (const key of trimmed) this.#entries.remove(key);
    for (const key of [...this.#links.getKeys(upTo)]) this.#links.remove(key);
    this.#count.set(this.count() - trimmed.length);
    this.#acknowledged.set(id);
  }

  #mustHold(owner: string): void {
    if (this.#lease.get()?.owner === owner) return;
    throw superseded(`Another relay has taken the lease from ${owner}: it publishes from here on.`);
  }
}

function superseded(message: string): SentinelError {
  return new SentinelError('superseded', message);
}

function idOf([ms, n]: EntryKey): string {
  return `${ms}-${n}`;
}

function keyOf(id: string): EntryKey {
  const [ms = '', n = ''] = id.split('-');
  return [Number(ms), Number(n)];
}

function isAfter(a: EntryKey, b: EntryKey): boolean {
  return a[0] > b[0] || (a[0] === b[0] && a[1] > b[1]);
}
