import { isUtf8 } from 'node:buffer';
import type { ToolLists } from '../tool-kind.ts';
import { DecodedView } from './decoded-view.ts';
import { RECORD_BYTES_MAX } from './limits.ts';
import { readParsed } from './plain.ts';
import type { Rejection } from './rejection.ts';
import { EventScanner } from './scan.ts';
import { type SlotTrees, slotTrees } from './slots.ts';
import type { SymbolTables } from './symbol-tables.ts';
import { isObject } from './validate.ts';
import type { EventView, FieldPlan } from './view.ts';

export interface DecoderOptions {
  readonly symbols: SymbolTables;
  readonly plan: FieldPlan;
  readonly tools: ToolLists;
  readonly format: 'json' | 'cloudevents';
  /** Greatest size of a record, bytes; default 1 MiB. */
  readonly recordBytesMax?: number;
  /** False: every record is read the plain way, the same but slower. Default true. */
  readonly scan?: boolean;
}

export type RecordHeaders = Readonly<Record<string, Uint8Array | string | undefined>>;

/** Reads records of one partition into one view. */
export interface Decoder {
  /** What the last accepted record says; overwritten by the next, meaningless after a rejection. */
  readonly view: EventView;
  /** Fills the view from a record's value; otherwise says why that is no valid event. Never throws. */
  decode(bytes: Uint8Array, headers?: RecordHeaders): Rejection | null;
  /** The same for a value that has already been parsed from JSON. */
  decodeValue(value: unknown): Rejection | null;
  /** From the next record on, reads what another rule set needs. */
  setPlan(plan: FieldPlan): void;
}

export function createDecoder(options: DecoderOptions): Decoder {
  return new EventDecoder(options);
}

class EventDecoder implements Decoder {
  readonly view: DecodedView;
  private readonly symbols: SymbolTables;
  private readonly format: DecoderOptions['format'];
  private readonly recordBytesMax: number;
  private readonly scanner: EventScanner | null;
  private trees: SlotTrees;

  constructor(options: DecoderOptions) {
    this.symbols = options.symbols;
    this.format = options.format;
    this.recordBytesMax = options.recordBytesMax ?? RECORD_BYTES_MAX;
    this.view = new DecodedView(options.symbols, options.tools);
    this.trees = this.usePlan(options.plan);
    const scans = options.scan ?? true;
    this.scanner = scans ? new EventScanner(this.view, options.symbols.hasher, this.trees) : null;
  }

  setPlan(plan: FieldPlan): void {
    this.trees = this.usePlan(plan);
    this.scanner?.setTrees(this.trees);
  }

  decode(bytes: Uint8Array, headers?: RecordHeaders): Rejection | null {
    if (bytes.length > this.recordBytesMax) {
      return { reason: 'too_large', detail: `a record may have at most ${this.recordBytesMax} bytes` };
    }
    const wrapped = this.format === 'cloudevents' && headers?.ce_specversion === undefined;
    const { scanner } = this;
    if (wrapped || scanner === null || !scanner.scan(bytes) || (scanner.nonAscii && !isUtf8(bytes))) {
      return this.decodePlainly(bytes, wrapped);
    }
    this.view.finish(this.trees.hashArgs);
    return null;
  }

  decodeValue(value: unknown): Rejection | null {
    const rejection = readParsed(this.view, this.symbols.hasher, this.trees, value);
    if (rejection === null) this.view.finish(this.trees.hashArgs);
    return rejection;
  }

  /** @param wrapped whether the event is the `data` of a CloudEvent in structured mode */
  private decodePlainly(bytes: Uint8Array, wrapped: boolean): Rejection | null {
    if (!isUtf8(bytes)) return { reason: 'not_utf8', detail: 'the record is not well-formed UTF-8' };
    let value: unknown;
    try {
      value = JSON.parse(textOf(bytes));
    } catch (error) {
      return notJson(bytes, error);
    }
    if (!wrapped) return this.decodeValue(value);
    return isCloudEvent(value) ? this.decodeValue(value.data) : NOT_CLOUDEVENT;
  }

  private usePlan(plan: FieldPlan): SlotTrees {
    const trees = slotTrees(plan);
    this.view.setSlotCount(trees.count);
    return trees;
  }
}

const NOT_CLOUDEVENT: Rejection = {
  reason: 'not_cloudevent',
  detail: 'the record must be a CloudEvent: an object with specversion and the event in data, or ce_ headers',
};

function isCloudEvent(value: unknown): value is { readonly data: unknown } {
  return isObject(value) && typeof value.specversion === 'string' && isObject(value.data);
}

/** A byte order mark is skipped, as RFC 8259 allows. */
function textOf(bytes: Uint8Array): string {
  const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, bytes.length - start).toString('utf8');
}

/** The parser's own words quote the record; only the position is taken from them. */
function notJson(bytes: Uint8Array, error: unknown): Rejection {
  if (bytes.length === 0) return { reason: 'not_json', detail: 'the record is empty' };
  const position = error instanceof Error ? / at position (\d+)/.exec(error.message)?.[1] : undefined;
  const where = position === undefined ? '' : `: unexpected character at position ${position}`;
  return { reason: 'not_json', detail: `the record is no JSON text${where}` };
}
