import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { ChainLink } from '../../domain/audit-record.ts';
import type { Actor, ScopedState } from '../../domain/kill-state.ts';
import type { Scope } from '../../domain/scope.ts';
import type {
  ChangeOutcome,
  ClearRequest,
  GuardReport,
  KillStore,
  OutboxEntry,
  PollAnswer,
  PollRequest,
  PublishedConfig,
  ScopeReading,
  TrippedLimit,
  TripRequest,
} from '../../ports/kill-store.ts';
import { Changes } from './changes.ts';
import { Feed } from './feed.ts';
import { type KillSettings, KillTables } from './kill-tables.ts';
import { Reading } from './reading.ts';
import { EmbeddedStore } from './store.ts';

export interface EmbeddedKillStoreOptions extends KillSettings {
  /** The folder of everything embedded; kill state stands in `kill` below it. Made where it is not there. */
  readonly dir: string;
  /** How often changes of other processes are looked for while somebody subscribes, ms. Default 50. */
  readonly pollMs?: number;
  /** Makes the random id of an initialised store. */
  readonly newEpoch?: () => string;
}

/** @throws SentinelError `store_rejected` where the folder cannot be ours, `store_full` where the disk is full. */
export function openEmbeddedKillStore(options: EmbeddedKillStoreOptions): KillStore {
  const store = EmbeddedStore.open(join(options.dir, 'kill'));
  return new EmbeddedKillStore(new KillTables(store, options), options);
}

/** The kill state on lmdb, for any number of processes on one machine. Its clock is the machine's. */
class EmbeddedKillStore implements KillStore {
  readonly place: string;
  readonly #tables: KillTables;
  readonly #store: EmbeddedStore;
  readonly #changes: Changes;
  readonly #reading: Reading;
  readonly #feed: Feed;
  readonly #newEpoch: () => string;

  constructor(tables: KillTables, { dir, pollMs = 50, newEpoch = randomUUID }: EmbeddedKillStoreOptions) {
    this.place = `embedded ${dir}`;
    this.#tables = tables;
    this.#store = tables.store;
    this.#feed = new Feed(tables, pollMs);
    this.#changes = new Changes(tables, () => queueMicrotask(() => this.#feed.look()));
    this.#reading = new Reading(tables);
    this.#newEpoch = newEpoch;
  }

  async close(): Promise<void> {
    this.#feed.stop();
    await this.#store.close();
  }

  async time(): Promise<number> {
    return this.#tables.clock.now();
  }

  async epoch(): Promise<string | null> {
    return this.#store.read(() => this.#tables.epoch.get());
  }

  async config(): Promise<PublishedConfig | null> {
    return this.#store.read(() => this.#tables.config.get());
  }

  async read(scopes: readonly Scope[]): Promise<readonly ScopeReading[]> {
    return this.#store.read(() => this.#reading.scopes(scopes));
  }

  async forgotten(scopes: readonly string[]): Promise<readonly string[]> {
    return this.#store.read(() => scopes.filter((scope) => !this.#tables.real.states.has(scope)));
  }

  async changesSince(version: number, limit: number): Promise<readonly ScopedState[]> {
    return this.#store.read(() => this.#tables.real.states.after(version, limit));
  }

  async poll(request: PollRequest): Promise<PollAnswer> {
    return this.#store.read(() => this.#reading.poll(request));
  }

  async disabledTools(tenants: readonly string[]): Promise<readonly ScopeReading[]> {
    return this.#store.read(() => this.#reading.disabledTools(tenants));
  }

  async trippedTenants(): Promise<readonly ScopeReading[]> {
    return this.#store.read(() => this.#reading.trippedTenants());
  }

  async page(
    afterVersion: number,
    limit: number,
  ): Promise<{ readonly states: readonly ScopedState[]; readonly next: number | null }> {
    return this.#store.read(() => this.#reading.page(afterVersion, limit));
  }

  async subscribe(listener: (change: ScopedState | null) => void): Promise<() => Promise<void>> {
    const leave = this.#feed.subscribe(listener);
    return async () => leave();
  }

  async sessionParents(session: string): Promise<ReadonlyMap<string, string>> {
    return this.#store.read(() => this.#tables.fleet.parents(session, this.#tables.clock.now()));
  }

  async knownTenants(limit: number): Promise<readonly string[]> {
    return this.#store.read(() => this.#tables.fleet.tenants(this.#tables.clock.now(), limit));
  }

  async trip(request: TripRequest): Promise<ChangeOutcome> {
    return this.#changes.trip(request);
  }

  async clear(request: ClearRequest): Promise<ChangeOutcome> {
    return this.#changes.clear(request);
  }

  async adopt(scopes: readonly Scope[], actor: Actor): Promise<readonly ScopedState[]> {
    return this.#changes.adopt(scopes, actor);
  }

  async adoptAll(actor: Actor): Promise<readonly ScopedState[]> {
    return this.#changes.adoptAll(actor);
  }

  async expire(now: number, actor: Actor): Promise<readonly ScopedState[]> {
    return this.#changes.expire(now, actor);
  }

  async renew(scope: Scope, actor: Actor): Promise<ChangeOutcome> {
    return this.#changes.renew(scope, actor);
  }

  async reassert(states: readonly ScopedState[], actor: Actor): Promise<readonly ScopedState[]> {
    return this.#changes.reassert(states, actor);
  }

  async sweep(limit: number): Promise<readonly string[]> {
    return this.#changes.sweep(limit);
  }

  async initialise(
    states: readonly ScopedState[],
    actor: Actor,
    limits: readonly TrippedLimit[] = [],
  ): Promise<string> {
    return this.#changes.initialise(states, limits, actor, this.#newEpoch());
  }

  async publishConfig(config: PublishedConfig): Promise<void> {
    this.#store.write(() => this.#tables.config.set(config));
  }

  async registerSession(tenant: string, session: string, parent: string | null): Promise<void> {
    this.#store.write(() => this.#tables.fleet.register(tenant, session, parent, this.#tables.clock.now()));
  }

  async rearm(name: string | null, actor: Actor): Promise<readonly string[]> {
    return this.#changes.rearm(name, actor);
  }

  async trippedLimits(): Promise<readonly TrippedLimit[]> {
    return this.#store.read(() => this.#tables.real.spending.tripped());
  }

  async shadowStates(limit: number): Promise<readonly ScopedState[]> {
    return this.#store.read(() => this.#tables.shadow.states.after(-1, limit));
  }

  async lease(owner: string, ttlMs: number): Promise<boolean> {
    return this.#store.write(() => this.#tables.outbox.lease(owner, ttlMs, this.#tables.clock.now()));
  }

  async release(owner: string): Promise<void> {
    this.#store.write(() => this.#tables.outbox.release(owner));
  }

  async entries(after: string | null, limit: number): Promise<readonly OutboxEntry[]> {
    return this.#store.read(() => this.#tables.outbox.after(after, limit));
  }

  async rememberChain(owner: string, entryId: string, link: ChainLink): Promise<void> {
    this.#store.write(() => this.#tables.outbox.rememberLink(owner, entryId, link));
  }

  async chainState(): Promise<{ readonly last: ChainLink | null; readonly pending: ReadonlyMap<string, ChainLink> }> {
    return this.#store.read(() => this.#tables.outbox.chainState());
  }

  async acknowledge(owner: string, entryId: string): Promise<void> {
    this.#store.write(() => this.#tables.outbox.acknowledge(owner, entryId));
  }

  async acknowledged(): Promise<string | null> {
    return this.#store.read(() => this.#tables.outbox.acknowledged());
  }

  async pendingCount(): Promise<number> {
    return this.#store.read(() => this.#tables.outbox.count());
  }

  async acknowledgeGuard(report: GuardReport): Promise<void> {
    this.#store.write(() => this.#tables.fleet.putGuard({ ...report, at: this.#tables.clock.now() }));
  }

  async forgetGuard(id: string): Promise<void> {
    this.#store.write(() => this.#tables.fleet.forgetGuard(id));
  }

  async guards(): Promise<readonly GuardReport[]> {
    return this.#store.read(() => this.#tables.fleet.guards());
  }

  async putActiveSessions(partition: number, active: number): Promise<void> {
    this.#store.write(() => this.#tables.fleet.putActive(partition, active, this.#tables.clock.now()));
  }
}
