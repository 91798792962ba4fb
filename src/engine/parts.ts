/**
 * A snapshot in parts: small facts as plain JSON values, large columns as bytes. Every part of the engine saves itself
 * under a name of its own and loads itself from there.
 */
export interface Snapshot {
  readonly facts: Readonly<Record<string, unknown>>;
  readonly columns: Readonly<Record<string, Uint8Array>>;
}

export class SnapshotWriter {
  readonly facts: Record<string, unknown> = {};
  readonly columns: Record<string, Uint8Array> = {};

  fact(name: string, value: unknown): void {
    this.facts[name] = value;
  }

  /** Copies the first `length` elements. */
  column(name: string, array: Float64Array | Uint32Array | Uint8Array, length: number): void {
    const bytes = length * array.BYTES_PER_ELEMENT;
    this.columns[name] = new Uint8Array(array.buffer.slice(array.byteOffset, array.byteOffset + bytes) as ArrayBuffer);
  }
}

export class SnapshotReader {
  private readonly snapshot: Snapshot;

  constructor(snapshot: Snapshot) {
    this.snapshot = snapshot;
  }

  /** The caller knows the type: what is read here was written under the same name. */
  fact<T>(name: string): T {
    const value = this.snapshot.facts[name];
    if (value === undefined) throw new RangeError(`the snapshot has no ${name}`);
    return value as T;
  }

  /** Bytes with an alignment of 8. */
  column(name: string): Uint8Array {
    const bytes = this.snapshot.columns[name];
    if (bytes === undefined) throw new RangeError(`the snapshot has no ${name}`);
    return bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  }
}
