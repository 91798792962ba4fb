/** The id of whatever found no place in its table. Its text is empty, and it is many: no key may be made of it. */
export const OVERFLOW = 1;

/**
 * Intern tables of one partition: each text has one small integer while somebody holds it.
 * The decoder interns, the engine reads texts when something fires and releases what it forgets.
 * Bounded: past a cap a table answers {@link OVERFLOW}, and counts it; one tenant never uses up another's share.
 */
export interface Symbols {
  readonly tenants: TextTable;
  readonly agents: TextTable;
  readonly tools: TextTable;
  readonly errorTypes: TextTable;
  readonly sessions: SessionTable;
  /** The id of a tenant that is known; 0 when it is not. */
  findTenant(text: string): number;
  /** Texts that found no place, since the start. */
  readonly overflowed: number;
  /** Everything that a restart needs to give the same ids and hashes again. */
  snapshot(): SymbolsSnapshot;
}

export interface TextTable {
  readonly size: number;
  /** One more than the greatest id in use: tables indexed by id have this length. */
  readonly bound: number;
  text(id: number): string;
}

/** A session is the pair (tenant, session). */
export interface SessionTable {
  readonly size: number;
  readonly bound: number;
  text(id: number): string;
  tenant(id: number): number;
  /** The id of a session that is known; 0 when it is not. */
  find(tenant: string, session: string): number;
  /** The id may be given to another session from now on. */
  release(id: number): void;
}

/** Plain data, fit for structured clone. */
export interface SymbolsSnapshot {
  /** The key of all hashes of this partition: agents choose their arguments. */
  readonly hashKey: readonly number[];
  readonly tenants: readonly string[];
  readonly agents: readonly string[];
  readonly tools: readonly string[];
  readonly errorTypes: readonly string[];
  /** By id: tenant id and text; tenant 0 where the id is free. */
  readonly sessionTenants: readonly number[];
  readonly sessionTexts: readonly string[];
  /** Free session ids, the last one is taken first. */
  readonly freeSessions: readonly number[];
  /** How many names each tenant (by id) brought in, which its caps are about. */
  readonly introduced: {
    readonly agents: readonly number[];
    readonly tools: readonly number[];
    readonly errorTypes: readonly number[];
  };
}
