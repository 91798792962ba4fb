import { Seed } from './fingerprint.ts';
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
  tenants: 10_000,
  sessions: { total: 2_000_000, perTenant: 200_000 },
  agents: { total: 200_000, perTenant: 2_000 },
  tools: { total: 100_000, perTenant: 1_000 },
  errorTypes: { total: 20_000, perTenant: 200 },
};

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
    const { hasher, tenantNames } = this;
    hasher.bytes(bytes.words, start, end, Seed.name, 0);
    const known = tenantNames.find(hasher.lo, hasher.hi);
    if (known !== 0) return known;
    if (tenantNames.size < this.caps.tenants) return tenantNames.add(hasher.lo, hasher.hi, bytes.text(start, end), 0);
    this.tenantsOverflowed++;
    return OVERFLOW;
  }

  session(tenant: number, bytes: Scratch, start: number, end: number): number {
    return this.sessionNames.intern(this.hasher, tenant, tenant, bytes, start, end);
  }

  agent(tenant: number, bytes: Scratch, start: number, end: number): number {
    return this.agentNames.intern(this.hasher, 0, tenant, bytes, start, end);
  }

  tool(tenant: number, bytes: Scratch, start: number, end: number): number {
    return this.toolNames.intern(this.hasher, 0, tenant, bytes, start, end);
  }

  errorType(tenant: number, bytes: Scratch, start: number, end: number): number {
    return this.errorNames.intern(this.hasher, 0, tenant, bytes, start, end);
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

  findTenant(text: string): number {
    const { hasher } = this;
    hasher.text(text, Seed.name, 0);
    return this.tenantNames.find(hasher.lo, hasher.hi);
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
    const { hasher } = tables;
    restoreNames(tables.tenantNames, alone(snapshot.tenants), hasher);
    tables.agentNames.restore(alone(snapshot.agents), hasher, snapshot.introduced.agents);
    tables.toolNames.restore(alone(snapshot.tools), hasher, snapshot.introduced.tools);
    tables.errorNames.restore(alone(snapshot.errorTypes), hasher, snapshot.introduced.errorTypes);
    const { sessionTexts: texts, sessionTenants: owners, freeSessions: free } = snapshot;
    tables.sessionNames.restore({ texts, owners, free }, hasher, countByTenant(owners));
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
      release: (id) => names.release(this.hasher, id),
    };
  }

  private findSession(tenant: string, session: string): number {
    const { hasher } = this;
    const owner = this.findTenant(tenant);
    if (owner === 0) return 0;
    hasher.text(session, Seed.name, owner);
    return this.sessionNames.table.find(hasher.lo, hasher.hi);
  }

  private written(text: string): Scratch {
    this.scratch.clear();
    this.scratch.append(text);
    return this.scratch;
  }
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
  intern(hasher: Hasher, owner: number, tenant: number, bytes: Scratch, start: number, end: number): number {
    hasher.bytes(bytes.words, start, end, Seed.name, owner);
    const known = this.table.find(hasher.lo, hasher.hi);
    return known !== 0 ? known : this.add(hasher, owner, tenant, bytes.text(start, end));
  }

  release(hasher: Hasher, id: number): void {
    const owner = this.table.owner(id);
    hasher.text(this.table.text(id), Seed.name, owner);
    if (this.table.release(id, hasher.lo, hasher.hi)) this.introduced[owner] = (this.introduced[owner] ?? 1) - 1;
  }

  restore(snapshot: NameTableSnapshot, hasher: Hasher, introduced: readonly number[]): void {
    restoreNames(this.table, snapshot, hasher);
    this.introduced.push(...introduced);
  }

  private add(hasher: Hasher, owner: number, tenant: number, text: string): number {
    const brought = this.introduced[tenant] ?? 0;
    if (tenant === OVERFLOW || brought >= this.cap.perTenant || this.table.size >= this.cap.total) {
      this.overflowed++;
      return OVERFLOW;
    }
    while (this.introduced.length <= tenant) this.introduced.push(0);
    this.introduced[tenant] = brought + 1;
    return this.table.add(hasher.lo, hasher.hi, text, owner);
  }
}

function restoreNames(table: NameTable, snapshot: NameTableSnapshot, hasher: Hasher): void {
  table.restore(snapshot);
  snapshot.texts.forEach((text, id) => {
    if (text === '') return;
    hasher.text(text, Seed.name, snapshot.owners[id] ?? 0);
    table.rehash(id, hasher.lo, hasher.hi);
  });
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
