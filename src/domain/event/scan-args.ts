import type { DecodedView } from './decoded-view.ts';
import { fingerprintNumber, Literal, Seed } from './fingerprint.ts';
import type { Hasher } from './hasher.ts';
import {
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COMMA,
  type JsonBytes,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  UNUSUAL,
  WORD_NULL,
  WORD_TRUE,
} from './json-bytes.ts';
import { NESTING_MAX } from './limits.ts';
import { Scratch } from './scratch.ts';
import type { SlotNode } from './slots.ts';

/** Objects with more members are read the plain way: telling double names takes a comparison of each with each. */
const MEMBERS_MAX = 64;
const NO_NODES: readonly SlotNode[] = [];

/** Fingerprints arguments from bytes, and picks the values of slots on the way. Equal to `fingerprint.ts` by test. */
export class ArgsScanner {
  private readonly json: JsonBytes;
  private readonly view: DecodedView;
  private readonly hasher: Hasher;
  private readonly unescaped = new Scratch();
  /** Hashes of the names of the objects that are open, to find double ones. */
  private readonly names = new Int32Array(MEMBERS_MAX * (NESTING_MAX + 1));

  constructor(json: JsonBytes, view: DecodedView, hasher: Hasher) {
    this.json = json;
    this.view = view;
    this.hasher = hasher;
  }

  /** The object `args` begins here; its fingerprint is left in the hasher. */
  args(at: number, nodes: readonly SlotNode[]): number {
    return this.object(at, 2, 0, Seed.args, 0, nodes);
  }

  /** @param open names of objects around, which are kept */
  private value(at: number, depth: number, open: number, lo: number, hi: number, node: SlotNode | null): number {
    const byte = this.json.bytes[at]!;
    if (byte === QUOTE) return this.string(at + 1, lo, hi, node);
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      const end =
        byte === OPEN_ARRAY
          ? this.array(at, depth + 1, open, lo, hi)
          : this.object(at, depth + 1, open, lo, hi, node === null ? NO_NODES : node.children);
      if (node !== null && node.slot >= 0 && end >= 0) this.view.takeSlot(node.slot, undefined);
      return end;
    }
    return byte < 0x3a ? this.number(at, lo, hi, node) : this.literal(at, lo, hi, node);
  }

  private object(
    at: number,
    depth: number,
    open: number,
    seedLo: number,
    seedHi: number,
    nodes: readonly SlotNode[],
  ): number {
    const { json, hasher } = this;
    if (depth > NESTING_MAX) return UNUSUAL;
    let lo = 0;
    let hi = 0;
    let members = 0;
    let next = json.space(at + 1);
    let more = json.bytes[next] !== CLOSE_OBJECT;
    while (more) {
      if (json.bytes[next] !== QUOTE) return UNUSUAL;
      const start = next + 1;
      const end = this.name(start, nodes.length > 0);
      if (end < 0 || !this.isNew(open, members++) || (next = json.colon(end)) < 0) return UNUSUAL;
      const node = nodes.length === 0 ? null : this.nodeOf(nodes, start, end);
      next = this.value(next, depth, open + members, hasher.lo, hasher.hi, node);
      if (next < 0) return UNUSUAL;
      lo = (lo + hasher.lo) | 0;
      hi = (hi + hasher.hi) | 0;
      next = json.space(next);
      more = json.bytes[next] === COMMA;
      if (more) next = json.space(next + 1);
      else if (json.bytes[next] !== CLOSE_OBJECT) return UNUSUAL;
    }
    hasher.words(lo, hi, members, seedLo ^ Seed.object, seedHi);
    return next + 1;
  }

  private array(at: number, depth: number, open: number, seedLo: number, seedHi: number): number {
    const { json, hasher } = this;
    if (depth > NESTING_MAX) return UNUSUAL;
    let lo: number = Seed.element;
    let hi = 0;
    let elements = 0;
    let next = json.space(at + 1);
    let more = json.bytes[next] !== CLOSE_ARRAY;
    while (more) {
      next = this.value(next, depth, open, lo, hi, null);
      if (next < 0) return UNUSUAL;
      lo = hasher.lo;
      hi = hasher.hi;
      elements++;
      next = json.space(next);
      more = json.bytes[next] === COMMA;
      if (more) next = json.space(next + 1);
      else if (json.bytes[next] !== CLOSE_ARRAY) return UNUSUAL;
    }
    hasher.words(lo, hi, elements, seedLo ^ Seed.array, seedHi);
    return next + 1;
  }

  /** Hashes a member's name and returns its closing quote. @param plain whether it has to stand as it is */
  private name(at: number, plain: boolean): number {
    const { json } = this;
    const end = json.plainEnd(at);
    if (json.bytes[end] === QUOTE) {
      this.hasher.bytes(json.words, at, end, Seed.member, 0);
      return end;
    }
    if (plain || json.bytes[end] !== BACKSLASH) return UNUSUAL;
    const behind = json.unescape(at, this.unescaped);
    if (behind < 0) return UNUSUAL;
    this.hasher.bytes(this.unescaped.words, 0, this.unescaped.length, Seed.member, 0);
    return behind - 1;
  }

  /** False when this object had the name before, or has too many to tell. */
  private isNew(open: number, members: number): boolean {
    if (members >= MEMBERS_MAX) return false;
    const { names } = this;
    const hash = this.hasher.lo;
    const first = open;
    for (let i = first; i < first + members; i++) if (names[i] === hash) return false;
    names[first + members] = hash;
    return true;
  }

  private nodeOf(nodes: readonly SlotNode[], start: number, end: number): SlotNode | null {
    const { bytes } = this.json;
    for (let i = 0; i < nodes.length; i++) if (equalBytes(nodes[i]!.bytes, bytes, start, end)) return nodes[i]!;
    return null;
  }

  private string(at: number, lo: number, hi: number, node: SlotNode | null): number {
    const { json, hasher } = this;
    let end = json.plainEnd(at);
    if (json.bytes[end] === QUOTE) {
      hasher.bytes(json.words, at, end, lo ^ Seed.string, hi);
      if (node !== null && node.slot >= 0) this.view.takeSlot(node.slot, json.bytes.toString('utf8', at, end));
      return end + 1;
    }
    if (json.bytes[end] !== BACKSLASH) return UNUSUAL;
    end = json.unescape(at, this.unescaped);
    if (end < 0) return UNUSUAL;
    hasher.bytes(this.unescaped.words, 0, this.unescaped.length, lo ^ Seed.string, hi);
    if (node !== null && node.slot >= 0) {
      this.view.takeSlot(node.slot, JSON.parse(json.bytes.toString('utf8', at - 1, end)) as string);
    }
    return end;
  }

  private number(at: number, lo: number, hi: number, node: SlotNode | null): number {
    const end = this.json.number(at);
    fingerprintNumber(this.hasher, this.json.value, lo, hi);
    if (node !== null && node.slot >= 0) this.view.takeSlot(node.slot, this.json.value);
    return end;
  }

  private literal(at: number, lo: number, hi: number, node: SlotNode | null): number {
    const word = this.json.words.getInt32(at, true);
    const which = word === WORD_NULL ? Literal.null : word === WORD_TRUE ? Literal.true : Literal.false;
    this.hasher.words(which, 0, 0, lo ^ Seed.literal, hi);
    if (node !== null && node.slot >= 0) {
      this.view.takeSlot(node.slot, which === Literal.null ? null : which === Literal.true);
    }
    return this.json.literal(at);
  }
}

/** True when `bytes` from `start` up to `end` are these. */
export function equalBytes(these: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (these.length !== end - start) return false;
  for (let i = 0; i < these.length; i++) if (these[i] !== bytes[start + i]) return false;
  return true;
}
