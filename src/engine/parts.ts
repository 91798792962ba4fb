/**
 * A snapshot in parts: facts as plain JSON values, large columns as bytes, perhaps in pieces. Every part of the engine saves
 * itself under a name of its own and loads itself from there. Facts are copies, columns are views of live state: they have
 * to be copied before the engine goes on (`snapshot.ts`).
 */
export interface Snapshot {
  readonly facts: Readonly<Record<string, unknown>>;
  readonly columns: Readonly<Record<string, readonly Uint8Array[]>>;
}

export class SnapshotWriter {
  readonly facts: Record<string, unknown> = {};
  readonly columns: Record<string, Uint8Array[]> = {};

  fact(name: string, value: unknown): void {
    this.facts[name] = value;
  }

  /** The first `length` elements; behind those of an earlier call of that name. */
  column(name: string, array: Float64Array | Uint32Array | Uint8Array, length: number): void {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, length * array.BYTES_PER_ELEMENT);
    const pieces = this.columns[name];
    if (pieces === undefined) this.columns[name] = [bytes];
    else pieces.push(bytes);
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

  /** In one piece, with an alignment of 8. */
  column(name: string): Uint8Array {
    const pieces = this.snapshot.columns[name];
    if (pieces === undefined) throw new RangeError(`the snapshot has no ${name}`);
    const [first] = pieces;
    if (pieces.length === 1 && first !== undefined && first.byteOffset % 8 === 0) return first;
    return joined(pieces);
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
