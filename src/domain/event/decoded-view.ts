import { compileToolLists, type ToolLists, type ToolMatchers } from '../tool-kind.ts';
import { Seed } from './fingerprint.ts';
import type { Hasher } from './hasher.ts';
import { Scratch } from './scratch.ts';
import type { SymbolTables } from './symbol-tables.ts';
import { OVERFLOW } from './symbols.ts';
import { EventType, type EventView, Phase, type SlotValue, Status } from './view.ts';

/** Texts of an event that become ids or hashes, each the index of a span in the view's scratch. */
export const Span = {
  eventId: 0,
  tenant: 1,
  session: 2,
  tool: 3,
  agent: 4,
  errorType: 5,
  callId: 6,
  idempotencyKey: 7,
  argsHash: 8,
} as const;
export type Span = (typeof Span)[keyof typeof Span];

/** What an event itself says about its tool. */
export const Declared = { nothing: 0, read: 1, write: 2 } as const;
export type Declared = (typeof Declared)[keyof typeof Declared];

const SPANS = 9;
const COST_SCALE = 1e9;
const OTHER_SCALE = 1e3;

/** Verdict of the tool lists on one tool; 0: not asked yet. */
const Listed = { write: 1, read: 2, neither: 3 } as const;

/**
 * The one view of a decoder. A way of reading (plain or scanner) calls `begin`, sets numbers, words, slots and
 * spans of texts in `scratch`, and once the whole record is known to be valid, `finish` turns spans into ids and
 * hashes. So a refused record leaves nothing behind in the symbol tables.
 */
export class DecodedView implements EventView {
  type: EventType = EventType.toolCall;
  phase: Phase = Phase.whole;
  status: Status = Status.ok;
  write = false;
  ts = 0;
  tenant = 0;
  session = 0;
  agent = 0;
  tool = 0;
  errorType = 0;
  cost = Number.NaN;
  tokensIn = Number.NaN;
  tokensOut = Number.NaN;
  latency = Number.NaN;
  eventLo = 0;
  eventHi = 0;
  callLo = 0;
  callHi = 0;
  argsLo = 0;
  argsHi = 0;
  idempotencyLo = 0;
  idempotencyHi = 0;
  slots: SlotValue[] = [];
  slotLo = new Uint32Array(0);
  slotHi = new Uint32Array(0);

  readonly scratch = new Scratch();
  declared: Declared = Declared.nothing;
  hasArgs = false;
  private readonly starts = new Int32Array(SPANS);
  /** 0 where the event has no such text. */
  private readonly ends = new Int32Array(SPANS);
  private readonly symbols: SymbolTables;
  private readonly hasher: Hasher;
  private readonly lists: ToolMatchers;
  /** By tool id. */
  private readonly listed: number[] = [];

  constructor(symbols: SymbolTables, tools: ToolLists) {
    this.symbols = symbols;
    this.hasher = symbols.hasher;
    this.lists = compileToolLists(tools);
  }

  eventIdText(): string {
    return this.spanText(Span.eventId);
  }

  /** Makes room for that many slots; what they held is gone. */
  setSlotCount(count: number): void {
    this.slots = new Array<SlotValue>(count).fill(undefined);
    this.slotLo = new Uint32Array(count);
    this.slotHi = new Uint32Array(count);
  }

  /** Forgets the event before. */
  begin(): void {
    this.type = EventType.toolCall;
    this.phase = Phase.whole;
    this.status = Status.ok;
    this.declared = Declared.nothing;
    this.cost = Number.NaN;
    this.tokensIn = Number.NaN;
    this.tokensOut = Number.NaN;
    this.latency = Number.NaN;
    this.argsLo = 0;
    this.argsHi = 0;
    this.hasArgs = false;
    for (let i = 0; i < SPANS; i++) this.ends[i] = 0;
    for (let i = 0; i < this.slots.length; i++) {
      this.slots[i] = undefined;
      this.slotLo[i] = 0;
      this.slotHi[i] = 0;
    }
  }

  /** An empty text counts as absent. */
  setSpan(span: Span, start: number, end: number): void {
    this.starts[span] = start;
    this.ends[span] = end > start ? end : 0;
  }

  setCost(usd: number): void {
    this.cost = scaled(usd, COST_SCALE);
  }

  setTokensIn(tokens: number): void {
    this.tokensIn = scaled(tokens, OTHER_SCALE);
  }

  setTokensOut(tokens: number): void {
    this.tokensOut = scaled(tokens, OTHER_SCALE);
  }

  setLatency(ms: number): void {
    this.latency = scaled(ms, OTHER_SCALE);
  }

  /** The hasher holds the fingerprint of `args`. */
  takeArgs(): void {
    this.argsLo = this.hasher.lo >>> 0;
    this.argsHi = this.hasher.hi >>> 0;
  }

  /** The hasher holds the hash of what stands in a slot. */
  takeSlot(slot: number, value: SlotValue): void {
    this.slots[slot] = value;
    this.slotLo[slot] = this.hasher.lo;
    this.slotHi[slot] = this.hasher.hi;
  }

  hasTool(): boolean {
    return this.ends[Span.tool] !== 0;
  }

  /** @param args whether some rule fingerprints arguments */
  finish(args: boolean): void {
    this.internNames();
    this.hashTexts(args);
    this.write = this.type === EventType.toolCall && this.decideWrite();
  }

  private internNames(): void {
    const { symbols, scratch, starts, ends } = this;
    const tenant = symbols.tenant(scratch, starts[Span.tenant]!, ends[Span.tenant]!);
    this.tenant = tenant;
    this.session = symbols.session(tenant, scratch, starts[Span.session]!, ends[Span.session]!);
    const { tool, agent, errorType } = Span;
    this.tool = ends[tool] === 0 ? 0 : symbols.tool(tenant, scratch, starts[tool]!, ends[tool]!);
    this.agent = ends[agent] === 0 ? 0 : symbols.agent(tenant, scratch, starts[agent]!, ends[agent]!);
    this.errorType =
      ends[errorType] === 0 ? 0 : symbols.errorType(tenant, scratch, starts[errorType]!, ends[errorType]!);
  }

  private hashTexts(args: boolean): void {
    const { hasher } = this;
    this.hashSpan(Span.eventId, Seed.event ^ this.phase);
    this.eventLo = hasher.lo >>> 0;
    this.eventHi = hasher.hi >>> 0;
    this.hashSpan(Span.callId, Seed.call);
    this.callLo = hasher.lo >>> 0;
    this.callHi = hasher.hi >>> 0;
    this.hashSpan(Span.idempotencyKey, Seed.idempotency);
    this.idempotencyLo = hasher.lo >>> 0;
    this.idempotencyHi = hasher.hi >>> 0;
    if (!args || this.hasArgs) return;
    // No arguments are the empty object: the same operation, however a gateway writes it.
    if (this.ends[Span.argsHash] === 0) hasher.words(0, 0, 0, Seed.args ^ Seed.object, 0);
    else this.hashSpan(Span.argsHash, Seed.argsHash);
    this.takeArgs();
  }

  private hashSpan(span: Span, seed: number): void {
    const end = this.ends[span]!;
    if (end === 0) this.hasher.nothing();
    else this.hasher.bytes(this.scratch.words, this.starts[span]!, end, seed, 0);
  }

  private decideWrite(): boolean {
    if (this.declared === Declared.write) return true;
    const listed = this.listedAs();
    return listed === Listed.write || (listed === Listed.neither && this.declared !== Declared.read);
  }

  /** Asked once per tool; again and again only for tools that found no place. */
  private listedAs(): number {
    const known = this.listed[this.tool];
    if (known !== undefined && known !== 0) return known;
    const text = this.spanText(Span.tool);
    const listed = this.lists.write(text) ? Listed.write : this.lists.read(text) ? Listed.read : Listed.neither;
    if (this.tool !== OVERFLOW) this.remember(this.tool, listed);
    return listed;
  }

  private remember(tool: number, listed: number): void {
    while (this.listed.length <= tool) this.listed.push(0);
    this.listed[tool] = listed;
  }

  private spanText(span: Span): string {
    return this.scratch.text(this.starts[span]!, this.ends[span]!);
  }
}

/** An integer in units of 1/scale, saturating where integers stop being exact. */
function scaled(value: number, scale: number): number {
  return Math.min(Math.round(value * scale) + 0, Number.MAX_SAFE_INTEGER);
}
