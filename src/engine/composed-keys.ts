import { OVERFLOW, type Symbols } from '../domain/event/symbols.ts';
import type { EventView } from '../domain/event/view.ts';
import type { GroupKey, KeyTexts } from '../domain/rule.ts';
import type { Keys } from './keys.ts';
import type { SnapshotReader, SnapshotWriter } from './parts.ts';
import type { RecordInHand } from './record.ts';
import { isUsed, use } from './row.ts';
import { mix, RowIndex } from './row-index.ts';
import { Rows } from './rows.ts';
import { Table } from './table.ts';

/** uint32 fields of a key's own: its neighbours among the keys of its session, and its parts. */
const BEFORE = 0;
const AFTER = 1;
const PARTS = 2;

/** Where a part comes from. A label takes two words: its hash. */
type Source = 'session' | 'tenant' | 'agent' | 'tool' | { readonly label: string; slot: number };

/** Keys of several parts: interned combinations in a hash table. A label is its 64-bit hash; its text is kept beside. */
export class ComposedKeys implements Keys {
  readonly areSessions = false;
  private readonly symbols: Symbols;
  private readonly sources: readonly Source[];
  private readonly groupBy: readonly GroupKey[];
  private readonly rows: Rows;
  /** Beside the measure's fields. */
  private readonly own: Rows;
  private readonly table: Table;
  private readonly index = new RowIndex();
  private readonly labels = new Map<number, readonly string[]>();
  private readonly firstOfSession = new Map<number, number>();
  private readonly bySession: boolean;
  /** The parts of the event in hand, in words. */
  private readonly scratch: Uint32Array;

  constructor(groupBy: readonly GroupKey[], slots: readonly number[], rows: Rows, symbols: Symbols) {
    this.symbols = symbols;
    this.groupBy = groupBy;
    this.bySession = groupBy.includes('session');
    this.sources = sourcesOf(groupBy, slots);
    const parts = this.sources.reduce((sum, source) => sum + (typeof source === 'object' ? 2 : 1), 0);
    this.scratch = new Uint32Array(parts);
    this.rows = rows;
    this.own = new Rows(Math.ceil((PARTS + parts) / 2));
    this.table = new Table(rows, this.own);
  }

  get bound(): number {
    return this.table.bound;
  }

  get bytes(): number {
    return this.table.bytes + this.index.bytes;
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
      const row = this.index.row(slot);
      if (this.isInHand(row)) return row;
    }
    return 0;
  }

  add(record: RecordInHand): number {
    const row = this.table.add();
    use(this.rows, row);
    this.own.u32(row).set(this.scratch, this.own.word(row) + PARTS);
    this.index.add(this.hash(), row);
    const labels = this.labelTexts(record.view);
    if (labels.length > 0) this.labels.set(row, labels);
    if (this.bySession) this.link(row);
    return row;
  }

  remove(row: number): void {
    this.readParts(row);
    this.index.remove(this.hash(), row);
    this.labels.delete(row);
    if (this.bySession) this.unlink(row);
    this.table.remove(row);
  }

  texts(row: number): KeyTexts {
    const { tenants, sessions, agents, tools } = this.symbols;
    const session = this.session(row);
    const labels = this.labels.get(row) ?? [];
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
    let row = this.firstOfSession.get(session) ?? 0;
    while (row !== 0) {
      const after = this.own.get32(row, AFTER);
      visit(row);
      row = after;
    }
  }

  useSlots(slots: readonly number[]): void {
    const fresh = sourcesOf(this.groupBy, slots);
    this.sources.forEach((source, i) => {
      const now = fresh[i];
      if (typeof source === 'object' && typeof now === 'object') source.slot = now.slot;
    });
  }

  save(into: SnapshotWriter, name: string): void {
    this.table.save(into, name);
    into.fact(`${name}.labels`, [...this.labels]);
  }

  load(from: SnapshotReader, name: string): void {
    this.table.load(from, name);
    for (const [row, texts] of from.fact<[number, string[]][]>(`${name}.labels`)) this.labels.set(row, texts);
    for (let row = 1; row < this.bound; row++) {
      if (!isUsed(this.rows, row)) continue;
      this.readParts(row);
      this.index.add(this.hash(), row);
      if (this.bySession && this.own.get32(row, BEFORE) === 0) this.firstOfSession.set(this.scratch[0] as number, row);
    }
  }

  private hash(): number {
    let hash = 0;
    for (let i = 0; i < this.scratch.length; i++) hash = mix(hash, this.scratch[i] as number);
    return hash;
  }

  private isInHand(row: number): boolean {
    for (let i = 0; i < this.scratch.length; i++) if (this.own.get32(row, PARTS + i) !== this.scratch[i]) return false;
    return true;
  }

  private readParts(row: number): void {
    for (let i = 0; i < this.scratch.length; i++) this.scratch[i] = this.own.get32(row, PARTS + i);
  }

  /** Ids come before labels, so each has its index as its word. */
  private part(row: number, source: 'session' | 'tenant' | 'agent' | 'tool'): number {
    return this.own.get32(row, PARTS + this.sources.indexOf(source));
  }

  private labelTexts(view: EventView): string[] {
    return this.sources.flatMap((source) => (typeof source === 'object' ? [String(view.slots[source.slot])] : []));
  }

  private link(row: number): void {
    const session = this.scratch[0] as number;
    const first = this.firstOfSession.get(session) ?? 0;
    this.own.set32(row, AFTER, first);
    if (first !== 0) this.own.set32(first, BEFORE, row);
    this.firstOfSession.set(session, row);
  }

  private unlink(row: number): void {
    const before = this.own.get32(row, BEFORE);
    const after = this.own.get32(row, AFTER);
    if (after !== 0) this.own.set32(after, BEFORE, before);
    if (before !== 0) this.own.set32(before, AFTER, after);
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
