import type { CallKind } from '../domain/mode.ts';
import type { DenialCode, Denied } from '../domain/verdict.ts';
import type { Clock } from '../ports/clock.ts';

export interface StalenessLimits {
  /** How old the state may be for writes, model calls and new runs, ms. */
  readonly maxStalenessMs: number;
  /** How old it may be for reads, ms; Infinity: any age. */
  readonly readStalenessMs: number;
}

/**
 * Whether the guard may answer for anything but kills: does it know the state, and how old is what it knows?
 *
 * It starts unloaded. A finished refresh makes it fresh as of the refresh's begin: the store was read, what was owed to
 * it was written, our acknowledgement last. It is fresh for a while and then stale. A refresh that fails because the
 * store is away changes nothing: time does. One that fails for another reason (a bug, bad credentials, an answer that
 * cannot be read) is trouble, and denies at once. A store without an epoch is incomplete, and denies until it has one.
 */
export class Condition {
  readonly #clock: Clock;
  readonly #limits: StalenessLimits;
  /** When the newest finished refresh began, by our clock. */
  #freshAt = Number.NEGATIVE_INFINITY;
  #loaded = false;
  #initialised = false;
  #trouble: string | null = null;
  #closed = false;
  /** Everything but time is well: what the hot path looks at first. */
  #sound = false;

  constructor(clock: Clock, limits: StalenessLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get trouble(): string | null {
    return this.#trouble;
  }

  refreshed(startedAt: number): void {
    this.#freshAt = startedAt;
    this.#loaded = true;
    this.#trouble = null;
    this.#judge();
  }

  /** The store is another one than before, or not complete: what we knew of it does not count as fresh any more. */
  changedStore(initialised: boolean): void {
    this.#initialised = initialised;
    this.#freshAt = Number.NEGATIVE_INFINITY;
    this.#judge();
  }

  troubled(why: string): void {
    this.#trouble = why;
    this.#judge();
  }

  close(): void {
    this.#closed = true;
    this.#judge();
  }

  /** True when writes and model calls may pass, as far as we are concerned. Reads the clock. */
  allowsWrites(): boolean {
    return this.#sound && this.#youngerThan(this.#limits.maxStalenessMs);
  }

  /** True when reads may pass, as far as we are concerned. Reads the clock only where reads have a limit. */
  allowsReads(): boolean {
    if (this.allowsReadsAtAnyAge) return true;
    return !this.#closed && this.#youngerThan(this.#limits.readStalenessMs);
  }

  /** True when reads may pass and go on to, however much time passes, until this guard is closed. */
  get allowsReadsAtAnyAge(): boolean {
    return !this.#closed && this.#limits.readStalenessMs === Number.POSITIVE_INFINITY;
  }

  /** Why not; null when it is allowed. */
  denial(kind: CallKind): Denied | null {
    const passes = kind === 'read' ? this.allowsReads() : this.allowsWrites();
    if (passes) return null;
    if (this.#closed) return own('guard_closed', 'this guard is closed', false);
    if (this.#trouble !== null) return own('guard_error', this.#trouble, true);
    if (!this.#loaded) return own('state_unknown', 'the kill state was never loaded: the store does not answer', true);
    if (!this.#initialised) return own('store_uninitialised', UNINITIALISED, true);
    return own('state_stale', 'the kill state is too old: the store does not answer', true);
  }

  #judge(): void {
    this.#sound = this.#loaded && this.#initialised && this.#trouble === null && !this.#closed;
  }

  /** A clock that went back is no proof of youth. */
  #youngerThan(limitMs: number): boolean {
    const age = this.#clock.now() - this.#freshAt;
    return age >= 0 && age < limitMs;
  }
}

const UNINITIALISED = 'the kill store is not initialised: start the daemon, or run `sentinel init`';

/** A denial that no switch is the cause of. */
export function own(code: DenialCode, why: string, retryable: boolean): Denied {
  const reason = `denied: ${code}: ${why}`;
  return { allowed: false, code, reason, scope: null, decisionId: null, retryable, expiresAt: null };
}
