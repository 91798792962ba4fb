import { OVERFLOW, type Symbols } from '../domain/event/symbols.ts';
import type { EventView } from '../domain/event/view.ts';
import type { GroupKey, KeyTexts } from '../domain/rule.ts';
import type { Keys } from './keys.ts';
import type { SnapshotReader, SnapshotWriter } from './parts.ts';
import type { RecordInHand } from './record.ts';
import { Row } from './row.ts';
import { mix, RowIndex } from './row-index.ts';
import { Table } from './table.ts';

/** uint32 fields of a composed key: its row, its neighbours among the keys of its session, and its parts. */
const ROW = 0;
const BEFORE = 1;
const AFTER = 2;
const PARTS = 3;

/** Where a part comes from. A label takes two words: its hash. */
type Source = 'session' | 'tenant' | 'agent' | 'tool' | { readonly label: string; slot: number };

/** Keys of several parts: interned combinations in a hash table. A label is its 64-bit hash; its text is kept beside. */
export class ComposedKeys implements Keys {
  readonly areSessions = false;
  private readonly symbols: Symbols;
  private readonly rows: Table;
  private readonly sources: readonly Source[];
  private readonly groupBy: readonly GroupKey[];
  private readonly keys: Table;
  private readonly index = new RowIndex();
  private readonly labels = new Map<number, readonly string[]>();
  private readonly firstOfSession = new Map<number, number>();
  private readonly bySession: boolean;
  /** The parts of the event in hand, in words. */
  private readonly scratch: Uint32Array;

  constructor(groupBy: readonly GroupKey[], slots: readonly number[], symbols: Symbols, rows: Table) {
    this.symbols = symbols;
    this.rows = rows;
    this.groupBy = groupBy;
    this.bySession = groupBy.includes('session');
    this.sources = sourcesOf(groupBy, slots);
    const words = this.sources.reduce((sum, source) => sum + (typeof source === 'object' ? 2 : 1), 0);
    this.scratch = new Uint32Array(words);
    this.keys = new Table(Math.ceil((PARTS + words) / 2));
  }

  get bytes(): number {
    return this.keys.bytes + this.index.bytes;
  }

  hasKey(record: RecordInHand): boolean {
    let at = 0;
    for (const source of this.sources) {
      if (typeof source === 'object') {
        const { view } = record;
        if (typeof view.slots[source.slot] !== 'string') return false;
        this.scratch[at++] = view.slotLo[source.slot] as number;
        this.scratch[at++] = view.slotHi[source.slot] as number;
      } else {
        const id = source === 'session' ? record.session : record.view[source];
        if (id === 0 || id === OVERFLOW) return false;
        this.scratch[at++] = id;
      }
    }
    return true;
  }

  find(): number {
    const hash = this.hash();
    for (let slot = this.index.first(hash); slot >= 0; slot = this.index.next(slot, hash)) {
      const key = this.index.row(slot);
      if (this.isInHand(key)) return this.keys.u32[key * this.keys.stride * 2 + ROW] as number;
    }
    return 0;
  }

  add(record: RecordInHand, row: number): void {
    const key = this.keys.add();
    const base = key * this.keys.stride * 2;
    this.keys.u32[base + ROW] = row;
    this.keys.u32.set(this.scratch, base + PARTS);
    this.rows.u32[row * this.rows.stride * 2 + Row.key] = key;
    this.index.add(this.hash(), key);
    const labels = this.labelTexts(record.view);
    if (labels.length > 0) this.labels.set(key, labels);
    if (this.bySession) this.link(key);
  }

  remove(row: number): void {
    const key = this.key(row);
    this.readParts(key);
    this.index.remove(this.hash(), key);
    this.labels.delete(key);
    if (this.bySession) this.unlink(key);
    this.keys.remove(key);
  }

  texts(row: number): KeyTexts {
    const { tenants, sessions, agents, tools } = this.symbols;
    const session = this.session(row);
    const labels = this.labels.get(this.key(row)) ?? [];
    const names = this.sources.flatMap((source) => (typeof source === 'object' ? [source.label] : []));
    return {
      tenant: tenants.text(this.tenant(row)),
      ...(session === 0 ? {} : { session: sessions.text(session) }),
      ...(this.groupBy.includes('agent') ? { agent: agents.text(this.part(row, 'agent')) } : {}),
      ...(this.groupBy.includes('tool') ? { tool: tools.text(this.part(row, 'tool')) } : {}),
      ...(names.length === 0 ? {} : { labels: Object.fromEntries(names.map((name, i) => [name, labels[i] ?? ''])) }),
    };
  }

  session(row: number): number {
    return this.bySession ? this.part(row, 'session') : 0;
  }

  tenant(row: number): number {
    return this.bySession ? this.symbols.sessions.tenant(this.part(row, 'session')) : this.part(row, 'tenant');
  }

  tool(row: number): number {
    return this.groupBy.includes('tool') ? this.part(row, 'tool') : 0;
  }

  visitSession(session: number, visit: (row: number) => void): void {
    let key = this.firstOfSession.get(session) ?? 0;
    while (key !== 0) {
      const base = key * this.keys.stride * 2;
      const after = this.keys.u32[base + AFTER] as number;
      visit(this.keys.u32[base + ROW] as number);
      key = after;
    }
  }

  useSlots(slots: readonly number[]): void {
    const fresh = sourcesOf(this.groupBy, slots);
    this.sources.forEach((source, i) => {
      const now = fresh[i];
      if (typeof source === 'object' && typeof now === 'object') source.slot = now.slot;
    });
  }

  close(): void {}

  save(into: SnapshotWriter, name: string): void {
    this.keys.save(into, name);
    into.fact(`${name}.labels`, [...this.labels]);
  }

  load(from: SnapshotReader, name: string): void {
    this.keys.load(from, name);
    for (const [key, texts] of from.fact<[number, string[]][]>(`${name}.labels`)) this.labels.set(key, texts);
    for (let key = 1; key < this.keys.bound; key++) {
      if (!this.keys.has(key)) continue;
      this.readParts(key);
      this.index.add(this.hash(), key);
      if (this.bySession && this.keys.u32[key * this.keys.stride * 2 + BEFORE] === 0) {
        this.firstOfSession.set(this.scratch[0] as number, key);
      }
    }
  }

  private hash(): number {
    let hash = 0;
    for (let i = 0; i < this.scratch.length; i++) hash = mix(hash, this.scratch[i] as number);
    return hash;
  }

  private isInHand(key: number): boolean {
    const base = key * this.keys.stride * 2 + PARTS;
    for (let i = 0; i < this.scratch.length; i++) if (this.keys.u32[base + i] !== this.scratch[i]) return false;
    return true;
  }

  private readParts(key: number): void {
    const base = key * this.keys.stride * 2 + PARTS;
    for (let i = 0; i < this.scratch.length; i++) this.scratch[i] = this.keys.u32[base + i] as number;
  }

  private key(row: number): number {
    return this.rows.u32[row * this.rows.stride * 2 + Row.key] as number;
  }

  /** Ids come before labels, so each has its index as its word. */
  private part(row: number, source: 'session' | 'tenant' | 'agent' | 'tool'): number {
    return this.keys.u32[this.key(row) * this.keys.stride * 2 + PARTS + this.sources.indexOf(source)] as number;
  }

  private labelTexts(view: EventView): string[] {
    return this.sources.flatMap((source) => (typeof source === 'object' ? [String(view.slots[source.slot])] : []));
  }

  private link(key: number): void {
    const { u32, stride } = this.keys;
    const session = this.scratch[0] as number;
    const first = this.firstOfSession.get(session) ?? 0;
    u32[key * stride * 2 + AFTER] = first;
    if (first !== 0) u32[first * stride * 2 + BEFORE] = key;
    this.firstOfSession.set(session, key);
  }

  private unlink(key: number): void {
    const { u32, stride } = this.keys;
    const before = u32[key * stride * 2 + BEFORE] as number;
    const after = u32[key * stride * 2 + AFTER] as number;
    if (after !== 0) u32[after * stride * 2 + BEFORE] = before;
    if (before !== 0) u32[before * stride * 2 + AFTER] = after;
    else if (after !== 0) this.firstOfSession.set(this.scratch[0] as number, after);
    else this.firstOfSession.delete(this.scratch[0] as number);
  }
}

/** The session or else the tenant first, then the other ids, then labels. */
function sourcesOf(groupBy: readonly GroupKey[], slots: readonly number[]): Source[] {
  const sources: Source[] = [groupBy.includes('session') ? 'session' : 'tenant'];
  for (const part of ['agent', 'tool'] as const) if (groupBy.includes(part)) sources.push(part);
  groupBy.forEach((part, i) => {
    if (part.startsWith('labels.')) sources.push({ label: part.slice('labels.'.length), slot: slots[i] ?? -1 });
  });
  return sources;
}
