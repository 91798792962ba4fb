import { ALLOWED, type Verdict } from '../domain/verdict.ts';
import { denialBy } from '../killswitch/precedence.ts';
import type { Condition } from './condition.ts';
import type { HeldScope } from './held-scope.ts';
import type { KillView } from './kill-view.ts';

/** Tenants that are asked for, the newest: what one poll can look at beside the open sessions. */
const WATCHED_MAX = 10_000;

/**
 * May a new run of a tenant start? The view holds every tripped tenant, so the answer needs no I/O. A flag that was set by
 * hand is in no list yet: tenants that were asked for are watched from then on, so that polls look at their flags, too.
 */
export class Admission {
  readonly #view: KillView;
  readonly #condition: Condition;
  /** By tenant, the one that was asked for last at the end. */
  readonly #watched = new Map<string, HeldScope>();
  readonly #listener = (): void => {};

  constructor(view: KillView, condition: Condition) {
    this.#view = view;
    this.#condition = condition;
  }

  verdict(tenant: string): Verdict {
    const { switches } = this.#watch(tenant);
    const stopped = denialBy([...this.#view.global.switches, ...switches], { kind: 'new_run', tool: null });
    if (stopped !== null && !this.#condition.closed) return stopped;
    return this.#condition.denial('new_run') ?? ALLOWED;
  }

  #watch(tenant: string): HeldScope {
    const held = this.#watched.get(tenant) ?? this.#view.watch({ kind: 'tenant', tenant }, this.#listener);
    this.#watched.delete(tenant);
    this.#watched.set(tenant, held);
    if (this.#watched.size > WATCHED_MAX) this.#forgetOldest();
    return held;
  }

  #forgetOldest(): void {
    for (const [tenant, held] of this.#watched) {
      this.#watched.delete(tenant);
      this.#view.unwatch(held, this.#listener);
      return;
    }
  }
}
