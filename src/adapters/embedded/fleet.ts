import type { Database } from 'lmdb';
import { encodeId } from '../../domain/scope.ts';
import { DAY_MS } from '../../killswitch/standing.ts';
import type { GuardReport } from '../../ports/kill-store.ts';
import { afterPrefix, textKey } from './keys.ts';
import type { EmbeddedStore } from './store.ts';

interface Registered {
  readonly tenant: string;
  /** Empty: none. */
  readonly parent: string;
  readonly at: number;
}

/** A session is known by its tenant for so long after it was last opened anywhere. */
const REGISTERED_FOR_MS = 30 * DAY_MS;

/** What guards and daemons tell each other: reports, open sessions, sizes of partitions. Inside `read` and `write`. */
export class FleetTables {
  readonly #guards: Database<GuardReport, Uint8Array>;
  readonly #sessions: Database<Registered, Uint8Array>;
  readonly #tenants: Database<{ tenant: string; at: number }, Uint8Array>;
  readonly #active: Database<{ active: number; at: number }, number>;

  constructor(store: EmbeddedStore) {
    this.#guards = store.byteTable('guards');
    this.#sessions = store.byteTable('sessions');
    this.#tenants = store.byteTable('tenants');
    this.#active = store.table('active');
  }

  putGuard(report: GuardReport): void {
    this.#guards.put(textKey(report.id), report);
  }

  forgetGuard(id: string): void {
    this.#guards.remove(textKey(id));
  }

  guards(): GuardReport[] {
    return [...this.#guards.getRange({})].map(({ value }) => value);
  }

  /** Without a parent, one that is known is kept. */
  register(tenant: string, session: string, parent: string | null, now: number): void {
    const key = textKey(`${encodeId(session)}:${tenant}`);
    const known = this.#sessions.get(key)?.parent ?? '';
    this.#sessions.put(key, { tenant, parent: parent ?? known, at: now });
    this.#tenants.put(textKey(tenant), { tenant, at: now });
  }

  /** The latest first. */
  tenants(now: number, limit: number): string[] {
    const known = [...this.#tenants.getRange({})].map(({ value }) => value);
    const late = known.filter(({ at }) => now - at < REGISTERED_FOR_MS).sort((a, b) => b.at - a.at);
    return late.slice(0, limit).map(({ tenant }) => tenant);
  }

  parents(session: string, now: number): Map<string, string> {
    const prefix = `${encodeId(session)}:`;
    const found = [...this.#sessions.getRange({ start: textKey(prefix), end: afterPrefix(prefix) })];
    const known = found.filter(({ value }) => now - value.at < REGISTERED_FOR_MS);
    return new Map(known.map(({ value }) => [value.tenant, value.parent]));
  }

  /** Drops at most `limit` sessions, and as many tenants, that nobody opened for 30 days. */
  sweep(now: number, limit: number): void {
    for (const table of [this.#sessions, this.#tenants] as const) {
      const old = [...table.getRange({})].filter(({ value }) => now - value.at >= REGISTERED_FOR_MS);
      for (const { key } of old.slice(0, limit)) table.remove(key);
    }
  }

  putActive(partition: number, active: number, now: number): void {
    this.#active.put(partition, { active, at: now });
  }

  activeSessions(withinMs: number, now: number): number {
    const rows = [...this.#active.getRange({})].map(({ value }) => value);
    return rows.filter(({ at }) => at > now - withinMs).reduce((sum, { active }) => sum + active, 0);
  }
}
