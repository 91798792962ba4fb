import { SENTINEL } from '../audit/facts.ts';
import { limitMessage, stateMessage } from '../audit/kill-state-message.ts';
import type { ScopedState } from '../domain/kill-state.ts';
import { parseScope, scopeText } from '../domain/scope.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { KillStore, PublishedConfig, TrippedLimit } from '../ports/kill-store.ts';
import type { KillMirror } from './kill-mirror.ts';
import { readKillTopic } from './kill-topic.ts';

/** How many index entries one sweep forgets at most. */
const SWEEP_MAX = 1_000;
/** How many scopes are asked for at once. */
const READ_MAX = 500;
const DAY_MS = 86_400_000;
/** Cleared states and fences are of no use after that time: older evidence never acts. */
const KEPT_MS = 7 * DAY_MS;

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
  /** Those that held when the store was last read. */
  #limits: readonly TrippedLimit[] = [];
  #doubted = false;
  /** Scopes whose state the store has lost, and nobody could give back. */
  readonly #givenUp = new Set<string>();

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
    await this.#repair();
    await this.#mirror.reload();
    await this.adoptAll();
  }

  /** The store was away: who knows what it forgot. The next `follow` compares it with the topic. */
  doubt(): void {
    this.#doubted = true;
  }

  /** Follows the store. @returns false when it was not what it had been, and has been rebuilt. */
  async follow(): Promise<boolean> {
    const same = await this.#mirror.refresh();
    if (same && this.#mirror.epoch !== null && !this.#doubted) return true;
    this.#doubted = true;
    const repaired = await this.#repair();
    await this.#store.publishConfig(this.#config);
    await this.#mirror.reload();
    for (const scope of await this.#forgotten()) this.#givenUp.add(scope);
    this.#doubted = false;
    return same && !repaired;
  }

  /**
   * Rebuilds the store from the topic of states, the durable truth, and from what we still know ourselves, where it is
   * incomplete or behind the topic. Another daemon may have done so: then there is nothing left to do.
   * @returns true when it was necessary
   */
  async #repair(): Promise<boolean> {
    const known = this.#mirror.tripped();
    const { states, older, limits } = await readKillTopic(this.#log, this.#topic);
    if (older.length > 0) await this.#log.append(this.#topic, older.map(stateMessage));
    const isNeeded = (await this.#store.epoch()) === null || (await this.#isBehind(states));
    if (isNeeded) await this.#store.initialise(states, SENTINEL, await this.#withRemembered(limits));
    const changes = known.length > 0 ? await this.#store.reassert(known, SENTINEL) : [];
    return isNeeded || hasReasserted(known, changes);
  }

  /** A limit that held and whose record was lost holds all the same: automation goes on when somebody says so. */
  async #withRemembered(limits: readonly TrippedLimit[]): Promise<readonly TrippedLimit[]> {
    const names = new Set(limits.map(({ name }) => name));
    const lost = this.#limits.filter(({ name }) => !names.has(name));
    if (lost.length > 0) await this.#log.append(this.#topic, lost.map(limitMessage));
    return [...limits, ...lost];
  }

  /** What was cleared more than a week ago may be forgotten. */
  async #isBehind(states: readonly ScopedState[]): Promise<boolean> {
    const sweptAt = (await this.#store.time()) - KEPT_MS;
    const due = states.filter(({ state }) => state.mode !== 'none' || state.at > sweptAt);
    const versions = new Map(due.map(({ scope, state }) => [scope, state.version]));
    const scopes = due.flatMap(({ scope }) => parseScope(scope) ?? []);
    for (let at = 0; at < scopes.length; at += READ_MAX) {
      const readings = await this.#store.read(scopes.slice(at, at + READ_MAX));
      if (readings.some(({ scope, state }) => (state?.version ?? 0) < versions.get(scopeText(scope))!)) return true;
    }
    return false;
  }

  /** Limits that hold until they are re-armed. */
  async limits(): Promise<readonly TrippedLimit[]> {
    const limits = await this.#store.trippedLimits();
    // A store that was emptied meanwhile has forgotten them: we have not.
    if ((await this.#store.epoch()) === this.#mirror.epoch) this.#limits = limits;
    return limits;
  }

  /**
   * Gives back what the store has lost, and adopts what was set by hand: in this order, since a flag that outlived its state
   * looks like one that was set by hand. A store that is in doubt is compared with the topic first (`follow`).
   * @returns the scopes that the store had lost
   */
  async adoptAll(): Promise<readonly string[]> {
    const lost = this.#doubted ? [] : await this.#giveBack();
    await this.#store.adoptAll(SENTINEL);
    return lost;
  }

  /**
   * A lift leaves a cleared state in the index: a scope that is stopped as we know it, and has none, was lost (evicted,
   * deleted by hand, damaged), and stands again as it stood. What we cannot give back may be in the topic.
   */
  async #giveBack(): Promise<readonly string[]> {
    // What was read a moment ago may have been changed since.
    if (!(await this.#mirror.refresh())) return [];
    const lost = await this.#forgotten();
    if (lost.length === 0) return [];
    const wanted = new Set(lost);
    const remembered = this.#mirror.tripped().filter(({ scope }) => wanted.has(scope));
    await this.#store.reassert(remembered, SENTINEL);
    if ((await this.#forgotten()).length > 0) this.doubt();
    return lost;
  }

  /** Scopes that we know of, and of which the store has no state although nobody may have forgotten it yet. */
  async #forgotten(): Promise<readonly string[]> {
    const known = this.#mirror.known((await this.#store.time()) - KEPT_MS);
    const forgotten = new Set(await this.#store.forgotten(known));
    for (const scope of this.#givenUp) {
      // Stopped once more: that is known, and can be given back.
      if (this.#mirror.has(scope) || !forgotten.has(scope)) this.#givenUp.delete(scope);
    }
    return [...forgotten].filter((scope) => !this.#givenUp.has(scope));
  }

  /** `now`: our own clock; the store compares with its own too. */
  async expire(now: number): Promise<readonly ScopedState[]> {
    return this.#store.expire(now, SENTINEL);
  }

  /** Old cleared entries leave the index; a tombstone lets compaction forget them too. */
  async sweep(): Promise<void> {
    this.#mirror.forgetFences((await this.#store.time()) - KEPT_MS);
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
    if (state?.expires_at == null || now - state.at < DAY_MS || this.#renewing.has(text)) return;
    this.#renewing.add(text);
    try {
      await this.#store.renew(scope, SENTINEL);
    } finally {
      this.#renewing.delete(text);
    }
  }
}

/** Among the changes of a re-assertion there are adoptions too; what was put back has kept its decision. */
function hasReasserted(known: readonly ScopedState[], changes: readonly ScopedState[]): boolean {
  const decisions = new Map(known.map(({ scope, state }) => [scope, state.decision_id]));
  return changes.some(({ scope, state }) => decisions.get(scope) === state.decision_id);
}
