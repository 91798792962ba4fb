import type { Symbols } from '../domain/event/symbols.ts';

/** How many of a partition's newest names are looked at: a contradiction shows in nearly all of them. */
const SAMPLE = 200;

/** A partition, as far as it matters here. */
export interface Place {
  readonly partition: number;
  readonly symbols: Symbols;
}

/**
 * Finds a tenant (or session) whose events come in two partitions although producers are said to key by it: its windows would
 * be counted in pieces. @returns what was found, in words; null when nothing was.
 */
export function scattered(places: readonly Place[], by: 'tenant' | 'session'): string | null {
  for (const [index, one] of places.entries()) {
    for (const other of places.slice(index + 1)) {
      const found =
        by === 'tenant' ? sharedTenant(one.symbols, other.symbols) : sharedSession(one.symbols, other.symbols);
      if (found === null) continue;
      return `kafka.partitioned_by is ${by}, but ${found} comes in partitions ${one.partition} and ${other.partition}: producers key by something else, and what is counted by ${by} is counted in pieces`;
    }
  }
  return null;
}

function sharedTenant({ tenants }: Symbols, b: Symbols): string | null {
  for (let id = tenants.bound - 1; id > 0 && id >= tenants.bound - SAMPLE; id--) {
    const tenant = tenants.text(id);
    if (tenant !== '' && b.findTenant(tenant) !== 0) return `tenant ${tenant}`;
  }
  return null;
}

function sharedSession(a: Symbols, b: Symbols): string | null {
  for (let id = a.sessions.bound - 1; id > 0 && id >= a.sessions.bound - SAMPLE; id--) {
    const session = a.sessions.text(id);
    const tenant = a.tenants.text(a.sessions.tenant(id));
    if (session !== '' && tenant !== '' && b.sessions.find(tenant, session) !== 0)
      return `session ${session} of tenant ${tenant}`;
  }
  return null;
}
