import { randomUUID } from 'node:crypto';
import type { ChainLink } from '../../domain/audit-record.ts';
import { SentinelError } from '../../domain/errors.ts';
import type { Actor, KillState, ScopedState } from '../../domain/kill-state.ts';
import type { Mode } from '../../domain/mode.ts';
import { GLOBAL, parseScope, type Scope, scopeText } from '../../domain/scope.ts';
import { type KillKeys, type KillNames, killKeys, toolSetKey } from '../../killswitch/keys.ts';
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
import { flagsInKeyspace } from './keyspace.ts';
import {
  list,
  modeByHand,
  outboxEntry,
  outcome,
  pairs,
  parsed,
  type Reply,
  scopedStates,
  scopes,
  text,
  texts,
} from './kill-replies.ts';
import { clearJson, json, tripJson } from './kill-requests.ts';
import { CHANGE_SCRIPT, READ_SCRIPT, type Script } from './lua/scripts.ts';
import { ChangeSubscription } from './subscription.ts';

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

/** Scopes or states in one call of a script: small enough that Redis is never away for others. */
const CHUNK = 500;
const POLL_LIMIT = 1_000;

/** The kill state in Redis 7 (contract 5): every change is one call of one script, every reading one round trip. */
export class RedisKillStore implements KillStore {
  readonly #link: RedisLink;
  readonly #keys: KillKeys;
  readonly #settings: string;
  readonly #modeWhenEnabled: Mode;
  readonly #offset: () => number;
  readonly #subscription: ChangeSubscription;

  /** Connects in the background. @throws SentinelError `config_invalid` for a url that is none. */
  constructor(options: RedisKillStoreOptions) {
    const { url, names, modeWhenEnabled, outboxMax = 100_000, commandTimeoutMs = 1_000 } = options;
    this.#keys = killKeys(names);
    this.#modeWhenEnabled = modeWhenEnabled;
    this.#settings = json({ keys: this.#keys, modeWhenEnabled, outboxMax });
    this.#offset = options.clockOffsetMs ?? (() => 0);
    this.#link = connectRedis(url, { commandTimeoutMs, keyPrefix: names.key_prefix });
    this.#subscription = new ChangeSubscription(this.#keys.channel, () => this.#link.duplicate());
  }

  get place(): string {
    return this.#link.place;
  }

  async close(): Promise<void> {
    await this.#subscription.close();
    this.#link.close();
  }

  // Reading

  async time(): Promise<number> {
    return Number(text(await this.#read('time')));
  }

  async epoch(): Promise<string | null> {
    const epoch = await this.#read('text', this.#keys.epoch);
    return epoch === null ? null : text(epoch) || null;
  }

  async config(): Promise<PublishedConfig | null> {
    return parsed(await this.#read('text', this.#keys.config));
  }

  async read(asked: readonly Scope[]): Promise<readonly ScopeReading[]> {
    const readings: ScopeReading[] = [];
    for (const part of chunks(asked)) {
      const [states, flags] = list(await this.#read('read', ...part.map(scopeText))).map(list);
      part.forEach((scope, each) => {
        const byHand = modeByHand(scope, flags?.[each], this.#modeWhenEnabled);
        readings.push({ scope, state: parsed<KillState>(states?.[each]), byHand });
      });
    }
    return readings;
  }

  async changesSince(version: number, limit: number): Promise<readonly ScopedState[]> {
    return (await this.page(version, limit)).states;
  }

  async page(
    afterVersion: number,
    limit: number,
  ): Promise<{ readonly states: readonly ScopedState[]; readonly next: number | null }> {
    const [states, count, last] = list(await this.#read('newer', String(afterVersion), String(limit)));
    return { states: scopedStates(states), next: Number(count) === limit ? Number(last) : null };
  }

  async disabledTools(tenants: readonly string[]): Promise<readonly ScopedState[]> {
    const states: ScopedState[] = [];
    for (const part of chunks([null, ...tenants])) {
      states.push(...scopedStates(await this.#read('tools', ...part.map((tenant) => this.#setEnding(tenant)))));
    }
    return states;
  }

  async trippedTenants(): Promise<readonly ScopedState[]> {
    const listed = scopes(await this.#read('members', this.#keys.trippedTenants));
    return (await this.read(listed)).flatMap(({ scope, state }) =>
      isTripped(state) ? [{ scope: scopeText(scope), state }] : [],
    );
  }

  async poll({ sinceVersion, tenants, sessions }: PollRequest): Promise<PollAnswer> {
    const changesAsked = this.#read('changes', json({ version: String(sinceVersion), limit: POLL_LIMIT }));
    // Sent together, so one round trip, but in parts: Redis serves others in between.
    const [reply, ...parts] = await Promise.all([changesAsked, ...this.#flagParts(tenants, sessions)]);
    const [epoch, version, changes, more] = list(reply);
    return {
      epoch: (epoch as string | null) || null,
      version: Number(version),
      changes: scopedStates(changes),
      more: more === '1',
      byHand: parts.flatMap((part) => part.byHand),
      lost: parts.flatMap((part) => part.lost),
    };
  }

  subscribe(listener: (change: ScopedState | null) => void): Promise<() => Promise<void>> {
    return this.#subscription.add(listener);
  }

  async sessionParents(session: string): Promise<ReadonlyMap<string, string>> {
    return new Map(pairs(await this.#read('hash', this.#keys.sessions + session)));
  }

  async knownTenants(limit: number): Promise<readonly string[]> {
    return texts(await this.#read('tenants', String(limit)));
  }

  // Changing

  async trip(request: TripRequest): Promise<ChangeOutcome> {
    return outcome(await this.#change('trip', tripJson(request)));
  }

  async clear(request: ClearRequest): Promise<ChangeOutcome> {
    return outcome(await this.#change('clear', clearJson(request)));
  }

  adopt(asked: readonly Scope[], actor: Actor): Promise<readonly ScopedState[]> {
    return this.#adopt(asked.map(scopeText), actor);
  }

  async adoptAll(actor: Actor): Promise<readonly ScopedState[]> {
    const changes: ScopedState[] = [];
    for await (const found of flagsInKeyspace(this.#link, this.#keys)) {
      const differing = [
        ...texts(await this.#read('differing', ...found.scopes.map(scopeText))),
        ...texts(await this.#read('sets', ...found.toolSets.map((tenant) => this.#setEnding(tenant)))),
      ];
      changes.push(...(await this.#adopt(differing, actor)));
    }
    changes.push(...(await this.#adoptIndex(actor)));
    return changes;
  }

  async expire(now: number, actor: Actor): Promise<readonly ScopedState[]> {
    const expired: ScopedState[] = [];
    for (;;) {
      const [changes, more] = list(await this.#change('expire', json(actor), String(now), String(CHUNK)));
      expired.push(...scopedStates(changes));
      if (more !== '1') return expired;
    }
  }

  async renew(scope: Scope, actor: Actor): Promise<ChangeOutcome> {
    return outcome(await this.#change('renew', scopeText(scope), json(actor)));
  }

  async reassert(states: readonly ScopedState[], actor: Actor): Promise<readonly ScopedState[]> {
    const changes: ScopedState[] = [];
    for (const part of chunks(states)) {
      changes.push(...scopedStates(await this.#change('reassert', json(actor), ...flat(part))));
    }
    return changes;
  }

  async sweep(limit: number): Promise<readonly string[]> {
    return texts(await this.#change('sweep', String(limit)));
  }

  async initialise(
    states: readonly ScopedState[],
    actor: Actor,
    limits: readonly TrippedLimit[] = [],
  ): Promise<string> {
    for (const part of chunks(states)) await this.#change('take', ...flat(part));
    for (const { name, at, detail } of limits) await this.#change('hold', name, String(at), detail);
    // A complete store knows everything that was set by hand while it was none.
    await this.adoptAll(actor);
    return text(await this.#change('initialised', randomUUID()));
  }

  async publishConfig(config: PublishedConfig): Promise<void> {
    await this.#change('config', json(config));
  }

  async registerSession(tenant: string, session: string, parent: string | null): Promise<void> {
    await this.#change('session', tenant, session, parent ?? '');
  }

  async rearm(name: string | null, actor: Actor): Promise<readonly string[]> {
    return texts(await this.#change('rearm', json(actor), name ?? ''));
  }

  async trippedLimits(): Promise<readonly TrippedLimit[]> {
    const limits = pairs(await this.#read('hash', `${this.#keys.limits}tripped`));
    return limits.map(([name, state]) => ({ name, at: 0, detail: '', ...parsed<Omit<TrippedLimit, 'name'>>(state) }));
  }

  async shadowStates(limit: number): Promise<readonly ScopedState[]> {
    return scopedStates(await this.#read('shadows', String(limit)));
  }

  // Outbox

  async lease(owner: string, ttlMs: number): Promise<boolean> {
    return (await this.#change('lease', owner, String(ttlMs))) === '1';
  }

  async release(owner: string): Promise<void> {
    await this.#change('release', owner);
  }

  async entries(after: string | null, limit: number): Promise<readonly OutboxEntry[]> {
    for (let from = after; ; ) {
      const found = list(await this.#read('entries', from ?? '', String(limit)));
      const entries = found.map(outboxEntry).filter((entry) => entry !== null);
      // A page of nothing but foreign entries is not the end.
      if (entries.length > 0 || found.length < limit) return entries;
      from = text(list(found.at(-1))[0]);
    }
  }

  async rememberChain(owner: string, entryId: string, link: ChainLink): Promise<void> {
    const remembered = await this.#change('chain', owner, entryId, json(link));
    if (remembered !== '1') throw superseded(`chain entry ${entryId}`);
  }

  async chainState(): Promise<{ readonly last: ChainLink | null; readonly pending: ReadonlyMap<string, ChainLink> }> {
    const relay = new Map(pairs(await this.#read('hash', this.#keys.relay)));
    const pending = new Map<string, ChainLink>();
    for (const [field, value] of relay) {
      const link = field.startsWith('chain:') ? parsed<ChainLink>(value) : null;
      if (link !== null) pending.set(field.slice('chain:'.length), link);
    }
    return { last: parsed<ChainLink>(relay.get('last')), pending };
  }

  async acknowledge(owner: string, entryId: string): Promise<void> {
    if ((await this.#change('acknowledge', owner, entryId)) !== '1') throw superseded(`acknowledge entry ${entryId}`);
  }

  async acknowledged(): Promise<string | null> {
    return new Map(pairs(await this.#read('hash', this.#keys.relay))).get('acknowledged') ?? null;
  }

  async pendingCount(): Promise<number> {
    return Number(await this.#read('pending'));
  }

  // Fleet

  async acknowledgeGuard({ id, version, epoch, in_flight }: GuardReport): Promise<void> {
    await this.#change('guard', id, String(version), json(epoch), String(in_flight));
  }

  async forgetGuard(id: string): Promise<void> {
    await this.#change('forget', id);
  }

  async guards(): Promise<readonly GuardReport[]> {
    const reports: GuardReport[] = [];
    for (const [id, value] of pairs(await this.#read('hash', this.#keys.guards))) {
      const report = parsed<Omit<GuardReport, 'id'>>(value);
      if (report !== null) reports.push({ id, ...report });
    }
    return reports;
  }

  async putActiveSessions(partition: number, active: number): Promise<void> {
    await this.#change('active', String(partition), String(active));
  }

  // Scripts

  async #adopt(asked: readonly string[], actor: Actor): Promise<readonly ScopedState[]> {
    const changes: ScopedState[] = [];
    for (const part of chunks(asked)) {
      changes.push(...scopedStates(await this.#change('adopt', json(actor), ...part)));
    }
    return changes;
  }

  /** Flags that are gone show only from the index. */
  async #adoptIndex(actor: Actor): Promise<readonly ScopedState[]> {
    const changes: ScopedState[] = [];
    const until = (await this.poll({ sinceVersion: 0, tenants: [], sessions: [] })).version;
    for (let version = '-1'; ; ) {
      const [adrift, count, last] = list(await this.#read('adrift', version, String(CHUNK)));
      changes.push(...(await this.#adopt(texts(adrift), actor)));
      version = text(last);
      // What is adopted moves to the end of the order: go no further than where that was.
      if (Number(count) < CHUNK || Number(version) >= until) return changes;
    }
  }

  #flagParts(tenants: PollRequest['tenants'], sessions: PollRequest['sessions']): Promise<FlagPart>[] {
    const parts: Promise<FlagPart>[] = [this.#flags([GLOBAL], [null])];
    for (const part of chunks(tenants)) {
      parts.push(
        this.#flags(
          part.map((tenant) => ({ kind: 'tenant', tenant })),
          part,
        ),
      );
    }
    for (const part of chunks(sessions)) {
      parts.push(
        this.#flags(
          part.map(({ tenant, session }) => ({ kind: 'session', tenant, session })),
          [],
        ),
      );
    }
    return parts;
  }

  async #flags(asked: readonly Scope[], toolSets: readonly (string | null)[]): Promise<FlagPart> {
    const request = { scopes: asked.map(scopeText), sets: toolSets.map((tenant) => this.#setEnding(tenant)) };
    const [flags, tools, lost] = list(await this.#read('flags', json(request)));
    const byHand = pairs(flags).flatMap(([name, flag]) => {
      const scope = parseScope(name);
      const mode = scope === null ? null : modeByHand(scope, flag, this.#modeWhenEnabled);
      return scope === null || mode === null ? [] : [{ scope, mode }];
    });
    const disabled = scopes(tools).map((scope) => ({ scope, mode: 'disabled' as const }));
    return { byHand: [...byHand, ...disabled], lost: scopes(lost) };
  }

  /** What follows the name of the key of all sets: nothing, or the tenant. */
  #setEnding(tenant: string | null): string {
    return toolSetKey(this.#keys, tenant).slice(this.#keys.disabledTools.length);
  }

  #change(command: string, ...args: readonly string[]): Promise<Reply> {
    return this.#run(CHANGE_SCRIPT, command, args);
  }

  #read(command: string, ...args: readonly string[]): Promise<Reply> {
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

type FlagPart = Pick<PollAnswer, 'byHand' | 'lost'>;

function* chunks<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let first = 0; first < all.length; first += CHUNK) yield all.slice(first, first + CHUNK);
}

function flat(states: readonly ScopedState[]): readonly string[] {
  return states.flatMap(({ scope, state }) => [scope, json(state)]);
}

function superseded(what: string): SentinelError {
  return new SentinelError('superseded', `Cannot ${what}: another relay holds the lease, or chained it otherwise.`);
}
