import { Hasher } from './hasher.ts';
import { NameTable, type NameTableSnapshot } from './name-table.ts';
import { Scratch } from './scratch.ts';
import { OVERFLOW, type SessionTable, type Symbols, type SymbolsSnapshot, type TextTable } from './symbols.ts';

/** How many names there may be, in all and introduced by one tenant (sessions: open at a time). */
export interface Cap {
  readonly total: number;
  readonly perTenant: number;
}

export interface SymbolCaps {
  readonly tenants: number;
  readonly sessions: Cap;
  readonly agents: Cap;
  readonly tools: Cap;
  readonly errorTypes: Cap;
}

export const DEFAULT_SYMBOL_CAPS: SymbolCaps = {
  tenants: 20_000,
  sessions: { total: 1_000_000, perTenant: 100_000 },
  agents: { total: 200_000, perTenant: 2_000 },
  tools: { total: 100_000, perTenant: 1_000 },
  errorTypes: { total: 20_000, perTenant: 200 },
};

/** Hashes of names in tables, apart from those of fields. */
const NAME_SEED = 0x6e616d65;

/**
 * The intern tables of one partition, as the decoder fills them. Names come as UTF-8 bytes (eight readable bytes
 * must follow the last); a name that is known costs no string. The text methods are for callers off the hot path.
 */
export class SymbolTables implements Symbols {
  /** Keyed hashes of this partition. */
  readonly hasher: Hasher;
  readonly tenants: TextTable;
  readonly agents: TextTable;
  readonly tools: TextTable;
  readonly errorTypes: TextTable;
  readonly sessions: SessionTable;
  private readonly caps: SymbolCaps;
  private readonly tenantNames = new NameTable();
  private readonly agentNames: BoundedNames;
  private readonly toolNames: BoundedNames;
  private readonly errorNames: BoundedNames;
  private readonly sessionNames: BoundedNames;
  private readonly scratch = new Scratch(1024);
  private tenantsOverflowed = 0;

  /** @param hashKey two random 32-bit words, fresh for every new partition state; unguessable by agents. */
  constructor(hashKey: readonly number[], caps: SymbolCaps = DEFAULT_SYMBOL_CAPS) {
    this.hasher = new Hasher(hashKey);
    this.caps = caps;
    this.agentNames = new BoundedNames(caps.agents);
    this.toolNames = new BoundedNames(caps.tools);
    this.errorNames = new BoundedNames(caps.errorTypes);
    this.sessionNames = new BoundedNames(caps.sessions);
    this.tenants = this.tenantNames;
    this.agents = this.agentNames.table;
    this.tools = this.toolNames.table;
    this.errorTypes = this.errorNames.table;
    this.sessions = this.sessionTable();
  }

  get overflowed(): number {
    const { agentNames, toolNames, errorNames, sessionNames } = this;
    return (
      this.tenantsOverflowed +
      agentNames.overflowed +
      toolNames.overflowed +
      errorNames.overflowed +
      sessionNames.overflowed
    );
  }

  tenant(bytes: Scratch, start: number, end: number): number {
    const hash = this.hash(bytes, start, end);
    const known = this.tenantNames.find(0, hash, bytes.bytes, start, end);
    if (known !== 0) return known;
    if (this.tenantNames.size < this.caps.tenants) return this.tenantNames.add(0, hash, textOf(bytes, start, end));
    this.tenantsOverflowed++;
    return OVERFLOW;
  }

  session(tenant: number, bytes: Scratch, start: number, end: number): number {
    return this.sessionNames.intern(tenant, tenant, this.hash(bytes, start, end), bytes, start, end);
  }

  agent(tenant: number, bytes: Scratch, start: number, end: number): number {
    return this.agentNames.intern(0, tenant, this.hash(bytes, start, end), bytes, start, end);
  }

  tool(tenant: number, bytes: Scratch, start: number, end: number): number {
    return this.toolNames.intern(0, tenant, this.hash(bytes, start, end), bytes, start, end);
  }

  errorType(tenant: number, bytes: Scratch, start: number, end: number): number {
    return this.errorNames.intern(0, tenant, this.hash(bytes, start, end), bytes, start, end);
  }

  internTenant(text: string): number {
    return text === '' ? 0 : this.tenant(this.written(text), 0, this.scratch.length);
  }

  internSession(tenant: number, text: string): number {
    return text === '' ? 0 : this.session(tenant, this.written(text), 0, this.scratch.length);
  }

  internAgent(tenant: number, text: string): number {
    return text === '' ? 0 : this.agent(tenant, this.written(text), 0, this.scratch.length);
  }

  internTool(tenant: number, text: string): number {
    return text === '' ? 0 : this.tool(tenant, this.written(text), 0, this.scratch.length);
  }

  internErrorType(tenant: number, text: string): number {
    return text === '' ? 0 : this.errorType(tenant, this.written(text), 0, this.scratch.length);
  }

  snapshot(): SymbolsSnapshot {
    const sessions = this.sessionNames.table.snapshot();
    return {
      hashKey: this.hasher.key,
      tenants: this.tenantNames.snapshot().texts,
      agents: this.agentNames.table.snapshot().texts,
      tools: this.toolNames.table.snapshot().texts,
      errorTypes: this.errorNames.table.snapshot().texts,
      sessionTenants: sessions.owners,
      sessionTexts: sessions.texts,
      freeSessions: sessions.free,
      introduced: {
        agents: [...this.agentNames.introduced],
        tools: [...this.toolNames.introduced],
        errorTypes: [...this.errorNames.introduced],
      },
    };
  }

  /** The tables as they were: the same ids, the same hashes. */
  static restore(snapshot: SymbolsSnapshot, caps: SymbolCaps = DEFAULT_SYMBOL_CAPS): SymbolTables {
    const tables = new SymbolTables(snapshot.hashKey, caps);
    const hashOf = (text: string): number => tables.hash(tables.written(text), 0, tables.scratch.length);
    tables.tenantNames.restore(alone(snapshot.tenants), hashOf);
    tables.agentNames.restore(alone(snapshot.agents), hashOf, snapshot.introduced.agents);
    tables.toolNames.restore(alone(snapshot.tools), hashOf, snapshot.introduced.tools);
    tables.errorNames.restore(alone(snapshot.errorTypes), hashOf, snapshot.introduced.errorTypes);
    const { sessionTexts: texts, sessionTenants: owners, freeSessions: free } = snapshot;
    tables.sessionNames.restore({ texts, owners, free }, hashOf, countByTenant(owners));
    return tables;
  }

  private sessionTable(): SessionTable {
    const names = this.sessionNames;
    return {
      get size() {
        return names.table.size;
      },
      get bound() {
        return names.table.bound;
      },
      text: (id) => names.table.text(id),
      tenant: (id) => names.table.owner(id),
      find: (tenant, session) => this.findSession(tenant, session),
      release: (id) => names.release(id),
    };
  }

  private findSession(tenant: string, session: string): number {
    const owner = this.findIn(this.tenantNames, 0, tenant);
    return owner === 0 ? 0 : this.findIn(this.sessionNames.table, owner, session);
  }

  private findIn(table: NameTable, owner: number, text: string): number {
    const { bytes, length } = this.written(text);
    return table.find(owner, ownedHash(this.hash(this.scratch, 0, length), owner), bytes, 0, length);
  }

  private hash(bytes: Scratch, start: number, end: number): number {
    this.hasher.bytes(bytes.words, start, end, NAME_SEED, 0);
    return this.hasher.lo;
  }

  private written(text: string): Scratch {
    this.scratch.clear();
    this.scratch.append(text);
    return this.scratch;
  }
}

/** Equal texts of different owners start their search at different places. */
function ownedHash(hash: number, owner: number): number {
  return hash ^ Math.imul(owner, 0x9e3779b1);
}

/** A name table with its caps: how many names each tenant brought in decides whether it may bring another. */
class BoundedNames {
  readonly table = new NameTable();
  /** Names brought in, by tenant id. */
  readonly introduced: number[] = [];
  overflowed = 0;
  private readonly cap: Cap;

  constructor(cap: Cap) {
    this.cap = cap;
  }

  /** @param owner whose name it is (0: nobody's); @param tenant who brings it in */
  intern(owner: number, tenant: number, hash: number, bytes: Scratch, start: number, end: number): number {
    const owned = ownedHash(hash, owner);
    const known = this.table.find(owner, owned, bytes.bytes, start, end);
    if (known !== 0) return known;
    const brought = this.introduced[tenant] ?? 0;
    if (tenant === OVERFLOW || brought >= this.cap.perTenant || this.table.size >= this.cap.total) {
      this.overflowed++;
      return OVERFLOW;
    }
    while (this.introduced.length <= tenant) this.introduced.push(0);
    this.introduced[tenant] = brought + 1;
    return this.table.add(owner, owned, textOf(bytes, start, end));
  }

  release(id: number): void {
    const owner = this.table.owner(id);
    if (this.table.release(id)) this.introduced[owner] = (this.introduced[owner] ?? 1) - 1;
  }

  restore(snapshot: NameTableSnapshot, hashOf: (text: string) => number, introduced: readonly number[]): void {
    this.table.restore(snapshot, (text, owner) => ownedHash(hashOf(text), owner));
    this.introduced.push(...introduced);
  }
}

/** Names without owners, none of them ever released. */
function alone(texts: readonly string[]): NameTableSnapshot {
  return { texts, owners: texts.map(() => 0), free: [] };
}

function countByTenant(owners: readonly number[]): number[] {
  const counts: number[] = [];
  for (const owner of owners) {
    if (owner === 0) continue;
    while (counts.length <= owner) counts.push(0);
    counts[owner] = (counts[owner] as number) + 1;
  }
  return counts;
}

function textOf(scratch: Scratch, start: number, end: number): string {
  return scratch.bytes.toString('utf8', start, end);
}
