import { isRetryable, messageOf } from '../domain/errors.ts';
import type { Actor, ScopedState } from '../domain/kill-state.ts';
import { scopeText } from '../domain/scope.ts';
import type { Clock } from '../ports/clock.ts';
import type { PollAnswer, ScopeReading } from '../ports/kill-store.ts';
import type { AgreedStore } from './agreed-store.ts';
import type { Condition } from './condition.ts';
import type { KillView } from './kill-view.ts';
import type { Sessions } from './sessions.ts';
import type { StateReader } from './state-reader.ts';

export interface FollowerParts {
  readonly id: string;
  readonly store: AgreedStore;
  readonly view: KillView;
  readonly reader: StateReader;
  readonly sessions: Sessions;
  readonly condition: Condition;
  readonly clock: Clock;
  readonly actor: Actor;
  readonly report: (error: unknown) => void;
}

/** More than any version: nothing is newer, so a first poll brings no changes. */
const NO_CHANGES = Number.MAX_SAFE_INTEGER;

/**
 * Keeps the view as new as the store, one refresh after the other.
 *
 * A refresh polls, takes in what is newer, obeys and adopts what was set by hand, loads sessions that wait for it, reads
 * again what was only heard or had been lost, and at last writes our acknowledgement: only then the guard is fresh, as of the begin.
 * Where the store is another one than before (first refresh; another epoch; an older version) everything that we hold is
 * read anew, with all tripped tenants, sessions are registered again, and what we hold and a complete store has not is re-asserted, before that.
 */
export class Follower {
  readonly #parts: FollowerParts;
  /** undefined: never polled. */
  #epoch: string | null | undefined = undefined;
  #version = 0;
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;
  #lastError: string | null = null;

  constructor(parts: FollowerParts) {
    this.#parts = parts;
  }

  /** The newest version that is enforced. */
  get version(): number {
    return this.#version;
  }

  get epoch(): string | null {
    return this.#epoch ?? null;
  }

  /** One refresh that begins after this call. Never rejects: what went wrong is in the condition. */
  refresh(): Promise<void> {
    if (this.#running === null) {
      this.#running = this.#attempt().finally(() => {
        this.#running = null;
      });
      return this.#running;
    }
    this.#next ??= this.#running.then(() => {
      this.#next = null;
      return this.refresh();
    });
    return this.#next;
  }

  /** When no refresh is under way any more. */
  async settled(): Promise<void> {
    await (this.#next ?? this.#running);
  }

  /** A change that was pushed, or null where some may have been missed. @returns whether a refresh is due. */
  hear(change: ScopedState | null): boolean {
    return change === null || this.#parts.view.hear(change);
  }

  async #attempt(): Promise<void> {
    const { clock, condition, report } = this.#parts;
    const startedAt = clock.now();
    try {
      await this.#refresh();
      condition.refreshed(startedAt);
      this.#lastError = null;
    } catch (error) {
      const message = messageOf(error);
      if (!isRetryable(error)) condition.troubled(message);
      // Every refresh of an outage fails alike: once is enough.
      if (message !== this.#lastError) report(error);
      this.#lastError = message;
    }
  }

  async #refresh(): Promise<void> {
    const { store, reader, sessions } = this.#parts;
    await store.agree();
    const answer = await this.#poll();
    if (this.#isOther(answer)) await this.#resync(answer);
    else await this.#takeChanges(answer);
    const at = this.#parts.clock.now();
    for (const { scope, mode } of answer.byHand) this.#parts.view.hearByHand(scope, mode, at);
    for (const { scope, mode } of answer.forgotten) this.#parts.view.lose(scope, mode);
    await reader.adopt([...answer.byHand.map(({ scope }) => scope), ...answer.lost]);
    await sessions.loadMissing();
    await this.#confirm();
    await this.#acknowledge();
  }

  #poll(sinceVersion = this.#epoch === undefined ? NO_CHANGES : this.#version): Promise<PollAnswer> {
    return this.#parts.store.current.poll({ sinceVersion, ...this.#parts.view.asked });
  }

  #isOther({ epoch, version }: PollAnswer): boolean {
    return epoch !== this.#epoch || version < this.#version;
  }

  async #takeChanges(first: PollAnswer): Promise<void> {
    const { view } = this.#parts;
    view.take(first.changes);
    for (let answer = first; answer.more; ) {
      const last = answer.changes.at(-1)?.state.version ?? this.#version;
      answer = await this.#poll(last);
      // A store that changed in between shows in the next refresh.
      if (this.#isOther(answer)) return;
      view.take(answer.changes);
      this.#version = Math.max(this.#version, last);
      if (!answer.more) this.#version = Math.max(this.#version, answer.version);
    }
    if (!first.more) this.#version = first.version;
  }

  async #resync({ epoch, version }: PollAnswer): Promise<void> {
    const { condition, view, reader, sessions } = this.#parts;
    const isFirst = this.#epoch === undefined;
    condition.changedStore(epoch !== null);
    if (!isFirst) await sessions.registerAgain();
    const scopes = [...view.held()].map(({ scope }) => scope);
    const [readings] = await Promise.all([reader.load(scopes, view.asked.tenants), reader.loadTrippedTenants()]);
    if (epoch !== null) await this.#reassert(this.#missingFrom(readings));
    this.#epoch = epoch;
    this.#version = version;
  }

  /** What was only heard, or lost, stands until it is read; what the store turns out not to have is given back to it. */
  async #confirm(): Promise<void> {
    const { view, reader } = this.#parts;
    await reader.read(view.unsure().map(({ scope }) => scope));
    if (this.#epoch === null) return;
    const owed = view.unsure().map((held) => ({ scope: held.text, state: held.missingFrom(held.version) }));
    await this.#reassert(owed.flatMap(({ scope, state }) => (state === null ? [] : [{ scope, state }])));
  }

  #missingFrom(readings: readonly ScopeReading[]): readonly ScopedState[] {
    const versions = new Map(readings.map(({ scope, state }) => [scopeText(scope), state?.version ?? 0]));
    const owed: ScopedState[] = [];
    for (const held of this.#parts.view.held()) {
      const version = versions.get(held.text);
      // Not asked for: it came to be held while we asked.
      const state = version === undefined ? null : held.missingFrom(version);
      if (state !== null) owed.push({ scope: held.text, state });
    }
    return owed;
  }

  async #reassert(states: readonly ScopedState[]): Promise<void> {
    const { store, view, actor } = this.#parts;
    if (states.length > 0) view.take(await store.current.reassert(states, actor));
  }

  #acknowledge(): Promise<void> {
    const { id, store, sessions } = this.#parts;
    const report = { id, version: this.#version, epoch: this.epoch, in_flight: sessions.inFlight, at: 0 };
    return store.current.acknowledgeGuard(report);
  }
}
