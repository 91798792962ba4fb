import { SENTINEL } from '../audit/facts.ts';
import type { KillState, ScopedState } from '../domain/kill-state.ts';
import { scopeText } from '../domain/scope.ts';
import type { EventLog, OutMessage } from '../ports/event-log.ts';
import type { KillStore, PublishedConfig } from '../ports/kill-store.ts';
import type { KillMirror } from './kill-mirror.ts';

/** How many index entries one sweep forgets at most. */
const SWEEP_MAX = 1_000;
const DAY_MS = 86_400_000;
/** A terminated session's kill lasts that long; it is renewed when a day of it is gone. */
const KILL_TTL_MS = 7 * DAY_MS;

/**
 * Keeps the kill store complete and true: initialises and rebuilds it from the topic of states, adopts what was set
 * by hand, clears what has expired, forgets what is old, renews what is still needed.
 */
export class StoreKeeper {
  readonly #store: KillStore;
  readonly #log: EventLog;
  readonly #mirror: KillMirror;
  readonly #topic: string;
  readonly #config: PublishedConfig;
  readonly #renewing = new Set<string>();

  constructor(store: KillStore, log: EventLog, mirror: KillMirror, topic: string, config: PublishedConfig) {
    this.#store = store;
    this.#log = log;
    this.#mirror = mirror;
    this.#topic = topic;
    this.#config = config;
  }

  /** At the start: complete the store if it is not, tell guards what to agree on, take in what was set by hand. */
  async open(): Promise<void> {
    await this.#store.publishConfig(this.#config);
    if ((await this.#store.epoch()) === null) await this.rebuild();
    await this.#mirror.reload();
    await this.adoptAll();
  }

  /** Follows the store. @returns false when it was another one than before, and has been rebuilt. */
  async follow(): Promise<boolean> {
    const same = await this.#mirror.refresh();
    if (same && this.#mirror.epoch !== null) return true;
    await this.rebuild();
    await this.#store.publishConfig(this.#config);
    await this.#mirror.reload();
    return false;
  }

  /** From the topic of states, the durable truth, and from what we still know ourselves. */
  async rebuild(): Promise<void> {
    const known = this.#mirror.tripped();
    const { states, older } = await readStates(this.#log, this.#topic);
    if (older.length > 0) await this.#log.append(this.#topic, older.map(stateMessage));
    if ((await this.#store.epoch()) === null) await this.#store.initialise(states, SENTINEL);
    else await this.#store.reassert(states, SENTINEL);
    if (known.length > 0) await this.#store.reassert(known, SENTINEL);
  }

  async adoptAll(): Promise<void> {
    await this.#store.adoptAll(SENTINEL);
  }

  /** `now`: our own clock; the store compares with its own too. */
  async expire(now: number): Promise<readonly ScopedState[]> {
    return this.#store.expire(now, SENTINEL);
  }

  /** Old cleared entries leave the index; a tombstone lets compaction forget them too. */
  async sweep(): Promise<void> {
    const scopes = await this.#store.sweep(SWEEP_MAX);
    if (scopes.length > 0)
      await this.#log.append(
        this.#topic,
        scopes.map((key) => ({ key, value: null })),
      );
  }

  /** A terminated session is still calling: its kill must not run out. At most once a day. */
  async renew(tenant: string, session: string, now: number): Promise<void> {
    const scope = { kind: 'session', tenant, session } as const;
    const text = scopeText(scope);
    const state = this.#mirror.stateOf(scope);
    if (state?.expires_at == null || state.expires_at - now > KILL_TTL_MS - DAY_MS || this.#renewing.has(text)) return;
    this.#renewing.add(text);
    try {
      await this.#store.renew(scope, SENTINEL);
    } finally {
      this.#renewing.delete(text);
    }
  }
}

export interface StatesRead {
  /** The greatest version of each scope. */
  readonly states: readonly ScopedState[];
  /** Those behind which an older one stands: compaction would keep the wrong one, so they are published again. */
  readonly older: readonly ScopedState[];
}

/** Reads `agent.kill-state` to its present end. Keys that are no scopes (silences, limits) are left alone. */
export async function readStates(log: Pick<EventLog, 'readAll'>, topic: string): Promise<StatesRead> {
  const newest = new Map<string, KillState>();
  const overtaken = new Set<string>();
  await log.readAll(topic, ({ key, value }) => {
    const scope = key === null ? '' : Buffer.from(key).toString('utf8');
    const state = value === null ? null : parseState(value);
    if (state === null) {
      if (value === null) newest.delete(scope);
      return;
    }
    const known = newest.get(scope);
    if (known === undefined || state.version >= known.version) {
      newest.set(scope, state);
      overtaken.delete(scope);
    } else overtaken.add(scope);
  });
  const states = [...newest].map(([scope, state]) => ({ scope, state }));
  return { states, older: states.filter(({ scope }) => overtaken.has(scope)) };
}

function parseState(value: Uint8Array): KillState | null {
  try {
    const state = JSON.parse(Buffer.from(value).toString('utf8')) as KillState;
    return typeof state.version === 'number' && typeof state.mode === 'string' ? state : null;
  } catch {
    return null;
  }
}

function stateMessage({ scope, state }: ScopedState): OutMessage {
  return { key: scope, value: JSON.stringify(state) };
}
