const NEWLINE = 0x0a;

/** What is done with each line: its bytes without the line feed, valid until the call returns; null where it was too long. */
export type VisitLine = (line: Uint8Array | null) => void;

/** Cuts chunks of bytes into lines. Only a line that spans chunks is copied; a longer one than allowed is passed over. */
export class LineCutter {
  readonly #visit: VisitLine;
  readonly #bytesMax: number;
  /** The beginning of a line whose end is in a later chunk. */
  #rest: Uint8Array[] = [];
  #restBytes = 0;

  constructor(visit: VisitLine, bytesMax: number) {
    this.#visit = visit;
    this.#bytesMax = bytesMax;
  }

  push(chunk: Uint8Array): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const part = chunk.subarray(start, end);
      if (this.#restBytes === 0) this.#tell(part);
      else this.#close(part);
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
  }

  /** The last line needs no line feed. */
  end(): void {
    if (this.#restBytes > 0) this.#close(new Uint8Array(0));
  }

  #tell(line: Uint8Array): void {
    this.#visit(line.length > this.#bytesMax ? null : line);
  }

  #keep(part: Uint8Array): void {
    this.#restBytes += part.length;
    if (this.#restBytes > this.#bytesMax) this.#rest = [];
    else if (part.length > 0) this.#rest.push(part.slice());
  }

  #close(part: Uint8Array): void {
    this.#keep(part);
    this.#visit(this.#restBytes > this.#bytesMax ? null : joined(this.#rest, this.#restBytes));
    this.#rest = [];
    this.#restBytes = 0;
  }
}

function joined(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array;
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Nothing but white space as JSON has it. */
export function isBlank(line: Uint8Array): boolean {
  for (const byte of line) if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false;
  return true;
}
