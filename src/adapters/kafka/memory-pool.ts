const STEP_BYTES = 1024 * 1024;
const KEPT = 4;
/** A larger block, for one giant batch, is not kept. */
const KEPT_BYTES_MAX = 32 * STEP_BYTES;

/** Blocks of memory that are used again: touching fresh memory, and collecting it, costs more than reading what comes in. */
export class MemoryPool {
  readonly #free: ArrayBuffer[] = [];
  /** Only what was taken here may come back, and once. */
  readonly #lent = new WeakSet<ArrayBufferLike>();

  /** So many bytes, as they were left. */
  take(bytes: number): Buffer {
    const at = this.#free.findIndex(({ byteLength }) => byteLength >= bytes);
    const [block = new ArrayBuffer(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES)] =
      at < 0 ? [] : this.#free.splice(at, 1);
    this.#lent.add(block);
    return Buffer.from(block, 0, bytes);
  }

  /** Nobody reads what was taken there any more. Any view of it will do; other memory is left alone. */
  give({ buffer }: Buffer): void {
    if (!this.#lent.delete(buffer) || buffer.byteLength > KEPT_BYTES_MAX) return;
    this.#free.push(buffer as ArrayBuffer);
    // The largest serve everybody.
    this.#free.sort((a, b) => a.byteLength - b.byteLength);
    if (this.#free.length > KEPT) this.#free.shift();
  }
}
