import { NESTING_MAX } from './limits.ts';
import { type Scratch, writePoint } from './scratch.ts';

export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;
export const OPEN_ARRAY = 0x5b;
export const CLOSE_ARRAY = 0x5d;

/** First words of literals, as little-endian bytes. */
export const WORD_NULL = 0x6c6c756e;
export const WORD_TRUE = 0x65757274;
const WORD_FALS = 0x736c6166;

/** Powers of ten that a double holds exactly: with a mantissa of 15 digits, one operation rounds once. */
const POWERS_OF_TEN = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
const EXACT_DIGITS = 15;

/** What is wrong, unusual or too deep: the caller gives up and reads the record the plain way. */
export const UNUSUAL = -1;

/**
 * JSON straight from bytes, by position: each method takes the position of what it reads and returns the position
 * behind it, or {@link UNUSUAL}. Behind the last byte stand zeros, which no rule of JSON lets pass, so no method
 * asks for the end. Exactly the texts of RFC 8259 pass; UTF-8 is checked by the caller where `nonAscii` says so.
 */
export class JsonBytes {
  bytes: Buffer;
  words: DataView;
  /** The number that was read last. */
  value = 0;
  /** True when a string that was read had a byte outside of ASCII: whether that is UTF-8 is not known. */
  nonAscii = false;
  private readonly scratch: Scratch;

  constructor(scratch: Scratch) {
    this.scratch = scratch;
    this.bytes = scratch.bytes;
    this.words = scratch.words;
  }

  load(source: Uint8Array): void {
    this.scratch.load(source);
    this.bytes = this.scratch.bytes;
    this.words = this.scratch.words;
    this.nonAscii = false;
  }

  space(at: number): number {
    let byte = this.bytes[at]!;
    if (byte > 0x20) return at;
    let next = at;
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = this.bytes[++next]!;
    return next;
  }

  /** The first quote, backslash or control byte from here on, four bytes at a time while they are ASCII. */
  plainEnd(at: number): number {
    const words = this.words;
    let next = at;
    for (;;) {
      let special = specialBytes(words.getInt32(next, true));
      if (special === 0) {
        next += 4;
        special = specialBytes(words.getInt32(next, true));
        if (special === 0) {
          next += 4;
          continue;
        }
      }
      // The lowest bit that is set marks the first special byte; those above it may be borrows.
      next += (31 - Math.clz32(special & -special)) >> 3;
      return this.bytes[next]! < 0x80 ? next : this.plainEndBeyondAscii(next);
    }
  }

  private plainEndBeyondAscii(at: number): number {
    const { bytes } = this;
    this.nonAscii = true;
    let next = at;
    while (bytes[next] !== QUOTE && bytes[next] !== BACKSLASH && bytes[next]! >= 0x20) next++;
    return next;
  }

  /** Behind the closing quote of a string whose first byte is here. */
  stringEnd(at: number): number {
    let next = this.plainEnd(at);
    while (this.bytes[next] === BACKSLASH) {
      next = this.escapeEnd(next);
      if (next < 0) return UNUSUAL;
      next = this.plainEnd(next);
    }
    return this.bytes[next] === QUOTE ? next + 1 : UNUSUAL;
  }

  /** Writes a string with its escapes resolved to `out`, replacing what that held; the first byte is here. */
  unescape(at: number, out: Scratch): number {
    out.claim(this.scratch.length - at);
    let length = 0;
    let next = at;
    for (;;) {
      const end = this.plainEnd(next);
      this.copy(next, end, out.words, length);
      length += end - next;
      if (this.bytes[end] === QUOTE) {
        out.close(length);
        return end + 1;
      }
      next = this.bytes[end] === BACKSLASH ? this.escapeEnd(end) : UNUSUAL;
      if (next < 0) return UNUSUAL;
      const point = this.escapedPoint(end);
      if (point > 0xffff) next += 6;
      length = writePoint(out.bytes, length, point);
    }
  }

  /** Copies whole words; what that is too much is overwritten or cut by the caller. */
  private copy(from: number, to: number, words: DataView, at: number): void {
    for (let i = 0; i < to - from; i += 4) words.setInt32(at + i, this.words.getInt32(from + i));
  }

  /** A number; its value, the double nearest to it, is left in `value`. */
  number(at: number): number {
    const { bytes } = this;
    const negative = bytes[at] === 0x2d;
    let next = negative ? at + 1 : at;
    const first = next;
    let mantissa = 0;
    let digit = bytes[next]! - 0x30;
    while (digit >= 0 && digit <= 9) {
      mantissa = mantissa * 10 + digit;
      digit = bytes[++next]! - 0x30;
    }
    let digits = next - first;
    if (digits === 0 || (digits > 1 && bytes[first] === 0x30)) return UNUSUAL;
    let exponent = 0;
    if (bytes[next] === 0x2e) {
      const point = next;
      digit = bytes[++next]! - 0x30;
      while (digit >= 0 && digit <= 9) {
        mantissa = mantissa * 10 + digit;
        digit = bytes[++next]! - 0x30;
      }
      exponent = point + 1 - next;
      if (exponent === 0) return UNUSUAL;
      digits -= exponent;
    }
    if ((bytes[next]! | 0x20) === 0x65) return this.slowNumber(at, next + 1);
    if (digits > EXACT_DIGITS) return this.roundedNumber(at, next);
    const magnitude = exponent === 0 ? mantissa : mantissa / POWERS_OF_TEN[-exponent]!;
    this.value = negative ? -magnitude : magnitude;
    return next;
  }

  /** Behind `null`, `true` or `false`. */
  literal(at: number): number {
    const word = this.words.getInt32(at, true);
    if (word === WORD_NULL || word === WORD_TRUE) return at + 4;
    return word === WORD_FALS && this.bytes[at + 4] === 0x65 ? at + 5 : UNUSUAL;
  }

  isNull(at: number): boolean {
    return this.words.getInt32(at, true) === WORD_NULL;
  }

  /** Passes over any value. @param depth levels around it */
  skip(at: number, depth: number): number {
    const byte = this.bytes[at]!;
    if (byte === QUOTE) return this.stringEnd(at + 1);
    if (byte === OPEN_OBJECT) return this.skipObject(at, depth + 1);
    if (byte === OPEN_ARRAY) return this.skipArray(at, depth + 1);
    return byte < 0x3a ? this.number(at) : this.literal(at);
  }

  /** Behind the colon after a member's name whose closing quote is here, and behind white space. */
  colon(quote: number): number {
    const at = this.bytes[quote + 1] === COLON ? quote + 1 : this.space(quote + 1);
    return this.bytes[at] === COLON ? this.space(at + 1) : UNUSUAL;
  }

  private skipObject(at: number, depth: number): number {
    if (depth > NESTING_MAX) return UNUSUAL;
    let next = this.space(at + 1);
    if (this.bytes[next] === CLOSE_OBJECT) return next + 1;
    for (;;) {
      if (this.bytes[next] !== QUOTE) return UNUSUAL;
      next = this.stringEnd(next + 1);
      if (next < 0 || (next = this.colon(next - 1)) < 0 || (next = this.skip(next, depth)) < 0) return UNUSUAL;
      next = this.space(next);
      if (this.bytes[next] === CLOSE_OBJECT) return next + 1;
      if (this.bytes[next] !== COMMA) return UNUSUAL;
      next = this.space(next + 1);
    }
  }

  private skipArray(at: number, depth: number): number {
    if (depth > NESTING_MAX) return UNUSUAL;
    let next = this.space(at + 1);
    if (this.bytes[next] === CLOSE_ARRAY) return next + 1;
    for (;;) {
      if ((next = this.skip(next, depth)) < 0) return UNUSUAL;
      next = this.space(next);
      if (this.bytes[next] === CLOSE_ARRAY) return next + 1;
      if (this.bytes[next] !== COMMA) return UNUSUAL;
      next = this.space(next + 1);
    }
  }

  /** A number with an exponent, whose first character after the `e` is here. */
  private slowNumber(at: number, exponent: number): number {
    const sign = this.bytes[exponent];
    const first = sign === 0x2b || sign === 0x2d ? exponent + 1 : exponent;
    let next = first;
    while (this.bytes[next]! >= 0x30 && this.bytes[next]! <= 0x39) next++;
    return next === first ? UNUSUAL : this.roundedNumber(at, next);
  }

  private roundedNumber(at: number, end: number): number {
    this.value = Number(this.bytes.toString('latin1', at, end));
    return end;
  }

  private escapeEnd(at: number): number {
    switch (this.bytes[at + 1]) {
      case QUOTE:
      case BACKSLASH:
      case 0x2f:
      case 0x62:
      case 0x66:
      case 0x6e:
      case 0x72:
      case 0x74:
        return at + 2;
      case 0x75:
        return this.hex(at + 2) < 0 ? UNUSUAL : at + 6;
      default:
        return UNUSUAL;
    }
  }

  /** The code point of an escape that is known to be right; two escapes of surrogates that belong together are one. */
  private escapedPoint(at: number): number {
    switch (this.bytes[at + 1]) {
      case 0x62:
        return 0x08;
      case 0x66:
        return 0x0c;
      case 0x6e:
        return 0x0a;
      case 0x72:
        return 0x0d;
      case 0x74:
        return 0x09;
      case 0x75:
        break;
      default:
        return this.bytes[at + 1]!;
    }
    const unit = this.hex(at + 2);
    if ((unit & 0xfc00) !== 0xd800 || this.bytes[at + 6] !== BACKSLASH || this.bytes[at + 7] !== 0x75) return unit;
    const low = this.hex(at + 8);
    return (low & 0xfc00) === 0xdc00 ? 0x10000 + ((unit & 0x3ff) << 10) + (low & 0x3ff) : unit;
  }

  /** The value of four hexadecimal digits; negative when one is none. */
  private hex(at: number): number {
    let value = 0;
    for (let i = at; i < at + 4; i++) {
      const byte = this.bytes[i]!;
      const letter = byte | 0x20;
      if (byte >= 0x30 && byte <= 0x39) value = value * 16 + byte - 0x30;
      else if (letter >= 0x61 && letter <= 0x66) value = value * 16 + letter - 0x57;
      else return UNUSUAL;
    }
    return value;
  }
}

/** The high bit of each byte that is a quote, a backslash, a control character or no ASCII; 0 when there is none. */
function specialBytes(word: number): number {
  return (
    (((word ^ 0x22222222) - 0x01010101) | ((word ^ 0x5c5c5c5c) - 0x01010101) | (word - 0x20202020) | word) & 0x80808080
  );
}
