import { Declared, type DecodedView, Span } from './decoded-view.ts';
import { FIELD_COUNT, Field, fieldNamed, nameIs, nameLength, UNKNOWN_FIELD } from './field-names.ts';
import { Seed } from './fingerprint.ts';
import type { Hasher } from './hasher.ts';
import { CLOSE_OBJECT, COMMA, JsonBytes, OPEN_OBJECT, QUOTE, UNUSUAL } from './json-bytes.ts';
import { ID_BYTES_MAX, TEXT_BYTES_MAX } from './limits.ts';
import { ArgsScanner, equalBytes } from './scan-args.ts';
import type { SlotTrees } from './slots.ts';
import { timeOfBytes, timeOfNumber } from './time.ts';
import { KINDS, PHASES } from './validate.ts';
import { EVENT_TYPES, EventType, Phase, STATUSES, Status } from './view.ts';

/** Stands for "before the first field". */
const FIRST = FIELD_COUNT;
const REQUIRED = (1 << Field.eventId) | (1 << Field.tenant) | (1 << Field.session) | (1 << Field.ts);
const TYPE_WORDS = EVENT_TYPES.map(bytesOf);
const STATUS_WORDS = STATUSES.map(bytesOf);
const KIND_WORDS = KINDS.map(bytesOf);
const PHASE_WORDS = PHASES.map(bytesOf);

/**
 * The fast way of reading: one pass over the bytes of a record that fills the view. It accepts only what the plain
 * way accepts too, and then with the same view; tests hold that. Whatever it does not like (errors, escapes in ids
 * and names, double fields, …) it leaves to the plain way, which alone decides and words rejections.
 */
export class EventScanner {
  private readonly view: DecodedView;
  private readonly hasher: Hasher;
  private readonly json: JsonBytes;
  private readonly argsScanner: ArgsScanner;
  private trees: SlotTrees;
  /** The field that followed each field in the record before: producers keep an order. The last entry is for the first field. */
  private readonly following = new Int8Array(FIRST + 1);

  constructor(view: DecodedView, hasher: Hasher, trees: SlotTrees) {
    this.view = view;
    this.hasher = hasher;
    this.json = new JsonBytes(view.scratch);
    this.argsScanner = new ArgsScanner(this.json, view, hasher);
    this.trees = trees;
  }

  /** What to read from the next record on. */
  setTrees(trees: SlotTrees): void {
    this.trees = trees;
  }

  /** True when non-ASCII bytes were read: the caller has to check that they are UTF-8. */
  get nonAscii(): boolean {
    return this.json.nonAscii;
  }

  /** Fills the view; false when the record is to be read the plain way. */
  scan(record: Uint8Array): boolean {
    const { json, view } = this;
    json.load(record);
    view.begin();
    const start = json.space(0);
    if (json.bytes[start] !== OPEN_OBJECT) return false;
    const end = this.fields(json.space(start + 1));
    return end >= 0 && json.space(end) === view.scratch.length && this.isWhole();
  }

  /** Reads members up to the closing brace. */
  private fields(at: number): number {
    const { json, following } = this;
    const { bytes } = json;
    let found = 0;
    let last: number = FIRST;
    let next = at;
    for (;;) {
      if (bytes[next] !== QUOTE) return UNUSUAL;
      let field = following[last]!;
      let quote = next + 1 + nameLength(field);
      if (!nameIs(field, json.words, next + 1)) {
        quote = json.plainEnd(next + 1);
        if (bytes[quote] !== QUOTE) return UNUSUAL;
        field = fieldNamed(json.words, next + 1, quote);
      }
      const value = json.colon(quote);
      if (value < 0) return UNUSUAL;
      if (field === UNKNOWN_FIELD) {
        next = json.skip(value, 1);
      } else {
        const bit = 1 << field;
        if ((found & bit) !== 0) return UNUSUAL;
        found |= bit;
        following[last] = field;
        last = field;
        next = this.field(field, value);
      }
      if (next < 0) return UNUSUAL;
      next = json.space(next);
      if (bytes[next] === COMMA) next = json.space(next + 1);
      else return bytes[next] === CLOSE_OBJECT && (found & REQUIRED) === REQUIRED ? next + 1 : UNUSUAL;
    }
  }

  private field(field: number, at: number): number {
    if (field > Field.ts && this.json.isNull(at)) return at + 4;
    switch (field) {
      case Field.eventId:
        return this.id(Span.eventId, at);
      case Field.tenant:
        return this.id(Span.tenant, at);
      case Field.session:
        return this.id(Span.session, at);
      case Field.ts:
        return this.time(at);
      case Field.tool:
        return this.text(Span.tool, at);
      case Field.agent:
        return this.text(Span.agent, at);
      case Field.errorType:
        return this.text(Span.errorType, at);
      case Field.callId:
        return this.text(Span.callId, at);
      case Field.idempotencyKey:
        return this.text(Span.idempotencyKey, at);
      case Field.argsHash:
        return this.text(Span.argsHash, at);
      case Field.runId:
        return this.bounded(at, TEXT_BYTES_MAX);
      case Field.parentSession:
        return this.bounded(at, ID_BYTES_MAX);
      case Field.args:
        return this.args(at);
      case Field.labels:
        return this.json.bytes[at] === OPEN_OBJECT ? this.labels(at) : UNUSUAL;
      default:
        return field < Field.cost ? this.word(field, at) : this.amount(field, at);
    }
  }

  private id(span: Span, at: number): number {
    const end = this.bounded(at, ID_BYTES_MAX);
    if (end <= at + 2) return UNUSUAL;
    this.view.setSpan(span, at + 1, end - 1);
    return end;
  }

  private text(span: Span, at: number): number {
    const end = this.bounded(at, TEXT_BYTES_MAX);
    if (end >= 0) this.view.setSpan(span, at + 1, end - 1);
    return end;
  }

  /** A string without escapes of at most that many bytes. */
  private bounded(at: number, bytesMax: number): number {
    const { json } = this;
    if (json.bytes[at] !== QUOTE) return UNUSUAL;
    const quote = json.plainEnd(at + 1);
    return json.bytes[quote] === QUOTE && quote - at - 1 <= bytesMax ? quote + 1 : UNUSUAL;
  }

  private time(at: number): number {
    const { json, view } = this;
    if (json.bytes[at] === QUOTE) {
      const end = this.bounded(at, TEXT_BYTES_MAX);
      view.ts = end < 0 ? Number.NaN : timeOfBytes(json.bytes, at + 1, end - 1);
      return view.ts >= 0 ? end : UNUSUAL;
    }
    const end = json.number(at);
    view.ts = timeOfNumber(json.value);
    return view.ts >= 0 ? end : UNUSUAL;
  }

  private amount(field: number, at: number): number {
    const { json, view } = this;
    const end = json.number(at);
    const { value } = json;
    if (end < 0 || !(value >= 0 && value < Number.POSITIVE_INFINITY)) return UNUSUAL;
    if (field === Field.cost) view.setCost(value);
    else if (field === Field.tokensIn) view.setTokensIn(value);
    else if (field === Field.tokensOut) view.setTokensOut(value);
    else view.setLatency(value);
    return end;
  }

  private word(field: number, at: number): number {
    const { view } = this;
    const end = this.bounded(at, TEXT_BYTES_MAX);
    if (end < 0) return UNUSUAL;
    const words =
      field === Field.kind
        ? KIND_WORDS
        : field === Field.status
          ? STATUS_WORDS
          : field === Field.phase
            ? PHASE_WORDS
            : TYPE_WORDS;
    const index = wordOf(words, this.json.bytes, at + 1, end - 1);
    if (index < 0) return UNUSUAL;
    if (field === Field.kind) view.declared = (index + Declared.read) as Declared;
    else if (field === Field.status) view.status = index as Status;
    else if (field === Field.phase) view.phase = (index + Phase.call) as Phase;
    else view.type = index as EventType;
    return end;
  }

  private args(at: number): number {
    const { json, trees, view } = this;
    if (json.bytes[at] !== OPEN_OBJECT) return UNUSUAL;
    view.hasArgs = true;
    if (!trees.hashArgs && trees.args.length === 0) return json.skip(at, 1);
    const end = this.argsScanner.args(at, trees.args);
    if (trees.hashArgs && end >= 0) view.takeArgs();
    return end;
  }

  /** An object of strings. */
  private labels(at: number): number {
    const { json } = this;
    let next = json.space(at + 1);
    if (json.bytes[next] === CLOSE_OBJECT) return next + 1;
    for (;;) {
      if (json.bytes[next] !== QUOTE) return UNUSUAL;
      const quote = json.plainEnd(next + 1);
      const value = json.bytes[quote] === QUOTE ? json.colon(quote) : UNUSUAL;
      const end = value < 0 ? UNUSUAL : this.bounded(value, TEXT_BYTES_MAX);
      if (end < 0 || !this.takeLabel(next + 1, quote, value + 1, end - 1)) return UNUSUAL;
      next = json.space(end);
      if (json.bytes[next] === CLOSE_OBJECT) return next + 1;
      if (json.bytes[next] !== COMMA) return UNUSUAL;
      next = json.space(next + 1);
    }
  }

  /** Puts a label into its slot, if it has one; false when that label was there before. */
  private takeLabel(nameStart: number, nameEnd: number, start: number, end: number): boolean {
    const { json, view, hasher } = this;
    const nodes = this.trees.labels;
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i]!;
      if (!equalBytes(node.bytes, json.bytes, nameStart, nameEnd)) continue;
      if (view.slots[node.slot] !== undefined) return false;
      hasher.bytes(json.words, start, end, Seed.slot ^ Seed.string, 0);
      view.takeSlot(node.slot, json.bytes.toString('utf8', start, end));
    }
    return true;
  }

  /** What concerns more than one field. */
  private isWhole(): boolean {
    const { view } = this;
    if (view.type === EventType.toolCall && !view.hasTool()) return false;
    return view.phase !== Phase.call || view.status === Status.ok || view.status === Status.blocked;
  }
}

function wordOf(words: readonly Uint8Array[], bytes: Uint8Array, start: number, end: number): number {
  for (let i = 0; i < words.length; i++) if (equalBytes(words[i]!, bytes, start, end)) return i;
  return -1;
}

function bytesOf(word: string): Uint8Array {
  return new TextEncoder().encode(word);
}
