import { SentinelError } from '../domain/errors.ts';
import type { ToolKind } from '../domain/tool-kind.ts';
import { IN_A_CIRCLE, lineageOf } from './ancestors.ts';
import type { CallInFlight } from './calls-in-flight.ts';
import type { GuardStore } from './guard-store.ts';
import { type Bench, OpenSession } from './open-session.ts';
import { SessionTable } from './session-table.ts';
import type { StateReader } from './state-reader.ts';

interface Entry {
  readonly tenant: string;
  readonly session: string;
  readonly open: OpenSession;
  parent: string | null;
  /** Those that are not ended. */
  handles: number;
  loading: Promise<void> | null;
}

/** The sessions that are open in this guard, by tenant and id. */
export class Sessions {
  readonly #bench: Bench;
  readonly #store: () => GuardStore;
  readonly #reader: StateReader;
  readonly #table = new SessionTable<Entry>();

  constructor(bench: Bench, store: () => GuardStore, reader: StateReader) {
    this.#bench = bench;
    this.#store = store;
    this.#reader = reader;
  }

  get size(): number {
    return this.#table.size;
  }

  get inFlight(): number {
    let calls = 0;
    for (const { open } of this.#table) calls += open.calls.size;
    return calls;
  }

  find(tenant: string, session: string): OpenSession | undefined {
    const entry = this.#table.get(tenant, session);
    return entry === undefined || entry.handles === 0 ? undefined : entry.open;
  }

  /**
   * Opens a session, or one more handle of it, and loads what stands over it. Rejects when the store does not answer;
   * the session is open nevertheless, and loaded with the next refresh.
   * @throws SentinelError `conflict` where it is open with another parent
   */
  open(tenant: string, session: string, parent: string | null): { open: OpenSession; loading: Promise<void> } {
    const entry = this.#entry(tenant, session);
    if (parent !== null && entry.parent !== null && parent !== entry.parent) {
      throw new SentinelError('conflict', `Session ${session} is open with parent ${entry.parent}, not ${parent}.`);
    }
    entry.handles += 1;
    if (parent === null || parent === entry.parent) return { open: entry.open, loading: this.#load(entry) };
    entry.parent = parent;
    entry.open.markUnloaded();
    const before = entry.loading?.catch(() => undefined);
    return {
      open: entry.open,
      loading: before === undefined ? this.#load(entry) : before.then(() => this.#load(entry)),
    };
  }

  /** @returns true when it was the last handle of the session. What is still in flight stays watched until it settles. */
  endHandle(open: OpenSession): boolean {
    const entry = this.#current(open);
    if (entry === null) return false;
    entry.handles -= 1;
    this.#forgetUnused(entry);
    return entry.handles === 0;
  }

  beginCall(open: OpenSession, tool: string, kind: ToolKind): CallInFlight {
    return open.calls.begin(tool, kind);
  }

  endCall(open: OpenSession, call: CallInFlight): void {
    open.calls.settled(call);
    const entry = this.#current(open);
    if (entry !== null) this.#forgetUnused(entry);
  }

  /** Loads those that could not be loaded when they were opened. */
  async loadMissing(): Promise<void> {
    await inParts(
      [...this.#table].filter(({ open }) => !open.loaded),
      (entry) => this.#load(entry),
    );
  }

  /** The guard was closed: all sessions are judged by that. */
  recompute(): void {
    for (const { open } of this.#table) open.recompute();
  }

  /** Another store knows nothing of them. */
  async registerAgain(): Promise<void> {
    const store = this.#store();
    await inParts([...this.#table], ({ open, parent }) => store.registerSession(open.tenant, open.session, parent));
  }

  #current(open: OpenSession): Entry | null {
    const entry = this.#table.get(open.tenant, open.session);
    return entry?.open === open ? entry : null;
  }

  #forgetUnused(entry: Entry): void {
    const { open, handles } = entry;
    if (handles > 0 || open.calls.size > 0) return;
    this.#table.delete(entry);
    open.release();
  }

  #entry(tenant: string, session: string): Entry {
    const known = this.#table.get(tenant, session);
    if (known !== undefined) return known;
    const open = new OpenSession(tenant, session, this.#bench);
    const entry: Entry = { tenant, session, open, parent: null, handles: 0, loading: null };
    this.#table.add(entry);
    return entry;
  }

  #load(entry: Entry): Promise<void> {
    if (entry.loading === null && entry.open.loaded) return Promise.resolve();
    entry.loading ??= this.#read(entry).finally(() => {
      entry.loading = null;
    });
    return entry.loading;
  }

  /** Registers first: from then on an operator finds the session by its id alone. */
  async #read(entry: Entry): Promise<void> {
    const { open, parent } = entry;
    const store = this.#store();
    await store.registerSession(open.tenant, open.session, parent);
    const { ancestors, broken, circle } = await lineageOf(store, open.tenant, open.session, parent);
    open.descendsFrom(ancestors, broken);
    if (circle.length > 0) this.#breakBelow(open.tenant, circle);
    await this.#reader.load(open.scopes, [open.tenant]);
    // Where a parent became known in the meantime it is read once more.
    if (entry.parent === parent) open.markLoaded();
  }

  /** Those that were opened before the circle was closed could not know of it. */
  #breakBelow(tenant: string, circle: readonly string[]): void {
    for (const { open } of this.#table) if (open.tenant === tenant && open.isUnder(circle)) open.breakOff(IN_A_CIRCLE);
  }
}

/** So many at once that the store is kept busy, and not blocked for others. */
const PART = 100;

async function inParts<T>(all: readonly T[], work: (each: T) => Promise<void>): Promise<void> {
  for (let first = 0; first < all.length; first += PART) await Promise.all(all.slice(first, first + PART).map(work));
}
