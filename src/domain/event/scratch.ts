const SLACK_BYTES = 8;

/**
 * Bytes of one event at a time, owned and reused. Behind the last byte there are always zeros to read:
 * whole words can be read at any position, and a scan for the end of a string stops by itself.
 */
export class Scratch {
  bytes: Buffer;
  words: DataView;
  /** Bytes in use. */
  length = 0;

  constructor(capacity = 4096) {
    this.bytes = Buffer.from(new ArrayBuffer(capacity + SLACK_BYTES));
    this.words = new DataView(this.bytes.buffer);
  }

  /** Replaces what is held by a copy of these bytes. */
  load(source: Uint8Array): void {
    this.claim(source.length);
    this.bytes.set(source);
    this.close(source.length);
  }

  /** Appends text as UTF-8 and returns where it begins. A lone surrogate gets the three bytes of its code point. */
  append(text: string): number {
    const start = this.length;
    this.reserve(text.length * 3);
    let end = start;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit < 0x80) {
        this.bytes[end++] = unit;
      } else {
        const point = text.codePointAt(i) as number;
        if (point > 0xffff) i++;
        end = writePoint(this.bytes, end, point);
      }
    }
    this.close(end);
    return start;
  }

  /** Empties it and makes room for that many bytes, to be written by the caller and ended with {@link close}. */
  claim(bytes: number): void {
    this.length = 0;
    this.reserve(bytes);
  }

  close(length: number): void {
    this.length = length;
    this.words.setFloat64(length, 0);
  }

  text(start: number, end: number): string {
    return this.bytes.toString('utf8', start, end);
  }

  clear(): void {
    this.length = 0;
  }

  private reserve(more: number): void {
    const needed = this.length + more + SLACK_BYTES;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.from(new ArrayBuffer(Math.max(needed, this.bytes.length * 2)));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.words = new DataView(grown.buffer);
  }
}

/** Writes one code point as UTF-8 and returns the position behind it. */
export function writePoint(bytes: Uint8Array, at: number, point: number): number {
  let next = at;
  if (point < 0x80) {
    bytes[next++] = point;
  } else if (point < 0x800) {
    bytes[next++] = 0xc0 | (point >> 6);
    bytes[next++] = 0x80 | (point & 0x3f);
  } else if (point < 0x10000) {
    bytes[next++] = 0xe0 | (point >> 12);
    bytes[next++] = 0x80 | ((point >> 6) & 0x3f);
    bytes[next++] = 0x80 | (point & 0x3f);
  } else {
    bytes[next++] = 0xf0 | (point >> 18);
    bytes[next++] = 0x80 | ((point >> 12) & 0x3f);
    bytes[next++] = 0x80 | ((point >> 6) & 0x3f);
    bytes[next++] = 0x80 | (point & 0x3f);
  }
  return next;
}

/** Bytes of UTF-8 that a text takes. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    // A surrogate is half of four bytes; alone it would be three, but then the text is refused anyway.
    length += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return length;
}
