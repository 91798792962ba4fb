/** Reads Kafka's variable-length integers one after another. Beyond the end it reads zeros: callers check `at`. */
export class VarintReader {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  /** A zigzag integer of up to 32 bits. */
  next(): number {
    const bytes = this.bytes;
    let byte = bytes[this.at++]!;
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1);
    let value = byte & 0x7f;
    for (let shift = 7; shift < 35; shift += 7) {
      byte = bytes[this.at++]!;
      value |= (byte & 0x7f) << shift;
      if (!(byte >= 0x80)) break;
    }
    return (value >>> 1) ^ -(value & 1);
  }

  /** Passes over one of up to 64 bits. */
  skip(): void {
    for (let count = 0; count < 10; count++) {
      if (!(this.bytes[this.at++]! >= 0x80)) return;
    }
  }
}
