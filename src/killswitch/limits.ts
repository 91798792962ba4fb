import type { LimitSpend } from '../domain/limit-spend.ts';

/**
 * The automation's bounds on itself. What was spent is a list of store times per account; a limit that concerns all and
 * was spent holds, and pages, until an operator re-arms it. Nothing is spent by what changes nothing.
 */
export interface LimitBook {
  /** Store times (ms) at which that account was spent, in any order. */
  spent(account: string): readonly number[];
  /** True while a limit that concerns all was spent and is not re-armed. */
  holds(name: string): boolean;
  /** Sessions that were active within that time, over all partitions. */
  activeSessions(perMs: number): number;
}

/** What an accepted trip is entered in. */
export interface Account {
  readonly name: string;
  readonly perMs: number;
}

export type LimitVerdict =
  | { readonly kind: 'open'; readonly accounts: readonly Account[] }
  /** It was spent before, and nobody has re-armed it. */
  | { readonly kind: 'held'; readonly detail: string }
  /** One tenant's: escalate there. */
  | { readonly kind: 'tenant_spent'; readonly detail: string }
  /** It concerns all, and is reached now: it holds from here on. */
  | { readonly kind: 'all_spent'; readonly name: string; readonly detail: string };

/**
 * May a trip that concerns this tenant (null: nobody alone) spend these limits now? First what holds, then what concerns
 * one tenant, then what concerns all: so that one tenant's flood ends at that tenant and never holds the others.
 */
export function judgeLimits(
  limits: readonly LimitSpend[],
  tenant: string | null,
  now: number,
  book: LimitBook,
): LimitVerdict {
  const counted = limits.filter((limit) => !isFree(limit, tenant, now, book));
  const held = counted.find((limit) => limit.concerns === 'all' && book.holds(limit.name));
  if (held !== undefined) return { kind: 'held', detail: `${held.name} holds until it is re-armed` };
  for (const concerns of ['tenant', 'all'] as const) {
    const spent = counted.find((limit) => limit.concerns === concerns && isSpent(limit, now, book));
    if (spent !== undefined) return spentVerdict(spent, book);
  }
  const accounts = limits.map((limit) => ({
    name: counted.includes(limit) ? limit.name : freeAccount(limit, tenant),
    perMs: limit.perMs,
  }));
  return { kind: 'open', accounts };
}

/** The times that still count: within `perMs`. What is from the future comes from a clock that was set back. */
export function liveTimes(times: readonly number[], perMs: number, now: number): number[] {
  return times.filter((time) => time <= now && time > now - perMs);
}

/** A tenant's first ones against the share are counted apart, and bound by nothing else. */
function isFree(limit: LimitSpend, tenant: string | null, now: number, book: LimitBook): boolean {
  if (limit.freePerTenant === undefined || tenant === null) return false;
  return liveTimes(book.spent(freeAccount(limit, tenant)), limit.perMs, now).length < limit.freePerTenant;
}

function freeAccount(limit: LimitSpend, tenant: string | null): string {
  return `${limit.name}:${tenant ?? ''}`;
}

function isSpent(limit: LimitSpend, now: number, book: LimitBook): boolean {
  return liveTimes(book.spent(limit.name), limit.perMs, now).length + 1 > mostOf(limit, book);
}

function mostOf(limit: LimitSpend, book: LimitBook): number {
  const { share } = limit;
  if (share === undefined) return limit.max;
  return Math.max(share.atLeast, Math.floor(share.of * book.activeSessions(limit.perMs)));
}

function spentVerdict(limit: LimitSpend, book: LimitBook): LimitVerdict {
  const detail = `${limit.name}: ${mostOf(limit, book)} per ${duration(limit.perMs)} are spent`;
  return limit.concerns === 'tenant'
    ? { kind: 'tenant_spent', detail }
    : { kind: 'all_spent', name: limit.name, detail: `${detail}; held until re-armed` };
}

function duration(ms: number): string {
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000}h`;
  if (ms % 60_000 === 0) return `${ms / 60_000}m`;
  return ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`;
}
