import type { ChainLink } from '../../domain/audit-record.ts';
import type { Actor, ScopedState } from '../../domain/kill-state.ts';
import type { Mode } from '../../domain/mode.ts';
import { parseScope, type Scope, scopeText } from '../../domain/scope.ts';
import { type KillKeys, type KillNames, killKeys } from '../../killswitch/keys.ts';
import { isTripped } from '../../killswitch/standing.ts';
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
import { connectRedis, type RedisLink } from './connect.ts';
import { list, outcome, pairs, parsed, reading, scopedStates, scopes, text, texts } from './kill-replies.ts';
import { chunks, clearJson, json, setEnding, tripJson } from './kill-requests.ts';
import { KillScripts } from './kill-scripts.ts';
import { OpenFlags } from './open-flags.ts';
import { RedisOutbox } from './outbox.ts';
import { ChangeSubscription } from './subscription.ts';
import { RedisUpkeep } from './upkeep.ts';

export interface RedisKillStoreOptions {
  /** See {@link connectRedis}. */
  readonly url: string;
  readonly names: KillNames;
  readonly modeWhenEnabled: Mode;
  /** How long a command may take, ms. Default 1,000. */
  readonly commandTimeoutMs?: number;
  /** Outbox entries from which on automation holds. Default 100,000. */
  readonly outboxMax?: number;
  /** For tests: ms added to Redis TIME inside the scripts. */
  readonly clockOffsetMs?: () => number;
}

const POLL_LIMIT = 1_000;

/** The kill state in Redis 7 (contract 5): every change is one call of one script, every reading one round trip. */
export class RedisKillStore implements KillStore {
  readonly #link: RedisLink;
  readonly #keys: KillKeys;
  readonly #modeWhenEnabled: Mode;
  readonly #scripts: KillScripts;
  readonly #openFlags: OpenFlags;
  readonly #outbox: RedisOutbox;
  readonly #upkeep: RedisUpkeep;
  readonly #subscription: ChangeSubscription;

  /** Connects in the background. @throws SentinelError `config_invalid` for a url that is none. */
  constructor(options: RedisKillStoreOptions) {
    const { url, names, modeWhenEnabled, outboxMax = 100_000, commandTimeoutMs = 1_000 } = options;
    this.#keys = killKeys(names);
    this.#modeWhenEnabled = modeWhenEnabled;
    this.#link = connectRedis(url, { commandTimeoutMs, keyPrefix: names.key_prefix });
    const settings = json({ keys: this.#keys, modeWhenEnabled, outboxMax });
    this.#scripts = new KillScripts(this.#link, this.#keys, settings, options.clockOffsetMs ?? (() => 0));
    this.#openFlags = new OpenFlags(this.#scripts, this.#keys, modeWhenEnabled);
    this.#outbox = new RedisOutbox(this.#scripts, this.#keys);
    this.#upkeep = new RedisUpkeep(this.#link, this.#keys, this.#scripts, this.#outbox);
    this.#subscription = new ChangeSubscription(this.#keys.channel, () => this.#link.duplicate());
  }

  /** With the prefix of its keys, where there is one: two prefixes are two stores. */
  get place(): string {
    const { prefix } = this.#keys;
    return prefix === '' ? this.#link.place : `${this.#link.place} (keys ${prefix}…)`;
  }

  async close(): Promise<void> {
    await this.#subscription.close();
    this.#link.close();
  }

  // Reading

  async time(): Promise<number> {
    return Number(text(await this.#scripts.read('time')));
  }

  async epoch(): Promise<string | null> {
    const epoch = await this.#scripts.read('text', this.#keys.epoch);
    return epoch === null ? null : text(epoch) || null;
  }

  async config(): Promise<PublishedConfig | null> {
    return parsed(await this.#scripts.read('text', this.#keys.config));
  }

  async read(asked: readonly Scope[]): Promise<readonly ScopeReading[]> {
    const readings: ScopeReading[] = [];
    for (const part of chunks(asked)) {
      const [states, flags] = list(await this.#scripts.read('read', ...part.map(scopeText))).map(list);
      part.forEach((scope, each) => {
        readings.push(reading(scope, states?.[each], flags?.[each], this.#modeWhenEnabled));
      });
    }
    return readings;
  }

  async forgotten(asked: readonly string[]): Promise<readonly string[]> {
    const found: string[] = [];
    for (const part of chunks(asked)) found.push(...texts(await this.#scripts.read('forgotten', ...part)));
    return found;
  }

  async changesSince(version: number, limit: number): Promise<readonly ScopedState[]> {
    return (await this.page(version, limit)).states;
  }

  async page(
    afterVersion: number,
    limit: number,
  ): Promise<{ readonly states: readonly ScopedState[]; readonly next: number | null }> {
    const [states, count, last] = list(await this.#scripts.read('newer', String(afterVersion), String(limit)));
    return { states: scopedStates(states), next: Number(count) === limit ? Number(last) : null };
  }

  async disabledTools(tenants: readonly string[]): Promise<readonly ScopeReading[]> {
    const readings: ScopeReading[] = [];
    for (const part of chunks([null, ...tenants])) {
      const found = await this.#scripts.read('tools', ...part.map((tenant) => setEnding(this.#keys, tenant)));
      for (const [name, json] of pairs(found)) {
        const scope = parseScope(name);
        if (scope !== null) readings.push(reading(scope, json, null, this.#modeWhenEnabled));
      }
    }
    return readings;
  }

  async trippedTenants(): Promise<readonly ScopeReading[]> {
    const listed = scopes(await this.#scripts.read('members', this.#keys.trippedTenants));
    return (await this.read(listed)).filter(({ state, byHand }) => isTripped(state) || byHand !== null);
  }

  async poll({ sinceVersion, tenants, sessions }: PollRequest): Promise<PollAnswer> {
    const changesAsked = this.#scripts.read('changes', json({ version: String(sinceVersion), limit: POLL_LIMIT }));
    // Sent together, so one round trip.
    const [reply, ...parts] = await Promise.all([changesAsked, ...this.#openFlags.parts({ tenants, sessions })]);
    const [epoch, version, changes, more] = list(reply);
    return {
      epoch: (epoch as string | null) || null,
      version: Number(version),
      changes: scopedStates(changes),
      more: more === '1',
      byHand: parts.flatMap((part) => part.byHand),
      lost: parts.flatMap((part) => part.lost),
      forgotten: parts.flatMap((part) => part.forgotten),
    };
  }

  subscribe(listener: (change: ScopedState | null) => void): Promise<() => Promise<void>> {
    return this.#subscription.add(listener);
  }

  async sessionParents(session: string): Promise<ReadonlyMap<string, string>> {
    return new Map(pairs(await this.#scripts.read('hash', this.#keys.sessions + session)));
  }

  async knownTenants(limit: number): Promise<readonly string[]> {
    return texts(await this.#scripts.read('tenants', String(limit)));
  }

  // Changing

  async trip(request: TripRequest): Promise<ChangeOutcome> {
    return outcome(await this.#scripts.change('trip', tripJson(request)));
  }

  async clear(request: ClearRequest): Promise<ChangeOutcome> {
    return outcome(await this.#scripts.change('clear', clearJson(request)));
  }

  adopt(asked: readonly Scope[], actor: Actor): Promise<readonly ScopedState[]> {
    return this.#upkeep.adopt(asked.map(scopeText), actor);
  }

  adoptAll(actor: Actor): Promise<readonly ScopedState[]> {
    return this.#upkeep.adoptAll(actor);
  }

  expire(now: number, actor: Actor): Promise<readonly ScopedState[]> {
    return this.#upkeep.expire(now, actor);
  }

  renew(scope: Scope, actor: Actor): Promise<ChangeOutcome> {
    return this.#upkeep.renew(scope, actor);
  }

  reassert(states: readonly ScopedState[], actor: Actor): Promise<readonly ScopedState[]> {
    return this.#upkeep.reassert(states, actor);
  }

  sweep(limit: number): Promise<readonly string[]> {
    return this.#upkeep.sweep(limit);
  }

  initialise(states: readonly ScopedState[], actor: Actor, limits?: readonly TrippedLimit[]): Promise<string> {
    return this.#upkeep.initialise(states, actor, limits);
  }

  async publishConfig(config: PublishedConfig): Promise<void> {
    await this.#scripts.change('config', json(config));
  }

  async registerSession(tenant: string, session: string, parent: string | null): Promise<void> {
    await this.#scripts.change('session', tenant, session, parent ?? '');
  }

  rearm(name: string | null, actor: Actor): Promise<readonly string[]> {
    return this.#upkeep.rearm(name, actor);
  }

  async trippedLimits(): Promise<readonly TrippedLimit[]> {
    const limits = pairs(await this.#scripts.read('hash', `${this.#keys.limits}tripped`));
    return limits.map(([name, state]) => ({ name, at: 0, detail: '', ...parsed<Omit<TrippedLimit, 'name'>>(state) }));
  }

  async shadowStates(limit: number): Promise<readonly ScopedState[]> {
    return scopedStates(await this.#scripts.read('shadows', String(limit)));
  }

  // Outbox

  lease(owner: string, ttlMs: number): Promise<boolean> {
    return this.#outbox.lease(owner, ttlMs);
  }

  release(owner: string): Promise<void> {
    return this.#outbox.release(owner);
  }

  entries(after: string | null, limit: number): Promise<readonly OutboxEntry[]> {
    return this.#outbox.entries(after, limit);
  }

  rememberChain(owner: string, entryId: string, link: ChainLink): Promise<void> {
    return this.#outbox.rememberChain(owner, entryId, link);
  }

  chainState(): ReturnType<RedisOutbox['chainState']> {
    return this.#outbox.chainState();
  }

  acknowledge(owner: string, entryId: string): Promise<void> {
    return this.#outbox.acknowledge(owner, entryId);
  }

  acknowledged(): Promise<string | null> {
    return this.#outbox.acknowledged();
  }

  pendingCount(): Promise<number> {
    return this.#outbox.pendingCount();
  }

  // Fleet

  async acknowledgeGuard({ id, version, epoch, in_flight }: GuardReport): Promise<void> {
    await this.#scripts.change('guard', id, String(version), json(epoch), String(in_flight));
  }

  async forgetGuard(id: string): Promise<void> {
    await this.#scripts.change('forget', id);
  }

  async guards(): Promise<readonly GuardReport[]> {
    const reports: GuardReport[] = [];
    for (const [id, value] of pairs(await this.#scripts.read('hash', this.#keys.guards))) {
      const report = parsed<Omit<GuardReport, 'id'>>(value);
      if (report !== null) reports.push({ id, ...report });
    }
    return reports;
  }

  async putActiveSessions(partition: number, active: number): Promise<void> {
    await this.#scripts.change('active', String(partition), String(active));
  }
}
