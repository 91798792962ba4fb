import { SPEAKS_TLS } from './refusal.ts';

const SIZE_BYTES = 4;
const SCRATCH_BYTES = 64 * 1024;
/** What claims to be larger is not Kafka's. */
const ANSWER_BYTES_MAX = 512 * 1024 * 1024;
/** How a listener with TLS begins its complaint of a client without: an alert (21) of TLS (3). As a size it would be 352 MB. */
const TLS_ALERT = 0x1503;

/**
 * Cuts what a broker sends into answers, each a size (i32, big endian) and so many bytes. The socket writes where the next bytes
 * belong: a large answer stands in one piece when its last byte is there, and was never copied.
 */
export class AnswerCutter {
  readonly #takeMemory: (bytes: number) => Buffer;
  readonly #onAnswer: (answer: Buffer) => void;
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  /** Bytes in the scratch that belong to no answer yet. */
  #held = 0;
  /** A larger answer that is coming in, its size in front, and how much of it is there. */
  #large: Buffer | null = null;
  #there = 0;

  /**
   * @param takeMemory gives room for a large answer
   * @param onAnswer is given a whole answer, its size in front; it may keep it
   */
  constructor(takeMemory: (bytes: number) => Buffer, onAnswer: (answer: Buffer) => void) {
    this.#takeMemory = takeMemory;
    this.#onAnswer = onAnswer;
  }

  /** Where the next bytes are to be written; never empty. */
  room(): Buffer {
    return this.#large === null ? this.#scratch.subarray(this.#held) : this.#large.subarray(this.#there);
  }

  /** So many bytes were written there. Throws where they cannot be Kafka's. */
  wrote(bytes: number): void {
    if (this.#large === null) {
      this.#held += bytes;
      this.#cut();
      return;
    }
    this.#there += bytes;
    if (this.#there < this.#large.length) return;
    const answer = this.#large;
    this.#large = null;
    this.#onAnswer(answer);
  }

  #cut(): void {
    const scratch = this.#scratch;
    let at = 0;
    while (this.#held - at >= SIZE_BYTES) {
      const length = SIZE_BYTES + sizeAt(scratch, at);
      const end = at + length;
      if (end > this.#held && length <= SCRATCH_BYTES) break;
      if (end > this.#held) {
        this.#begin(length, scratch.subarray(at, this.#held));
        return;
      }
      this.#onAnswer(Buffer.from(scratch.subarray(at, end)));
      at = end;
    }
    scratch.copyWithin(0, at, this.#held);
    this.#held -= at;
  }

  #begin(length: number, first: Buffer): void {
    this.#large = this.#takeMemory(length);
    this.#there = first.copy(this.#large);
    this.#held = 0;
  }
}

function sizeAt(bytes: Buffer, at: number): number {
  const size = bytes.readInt32BE(at);
  if (size >>> 16 === TLS_ALERT) throw Object.assign(new Error('it speaks TLS'), { code: SPEAKS_TLS });
  if (size < 0 || size > ANSWER_BYTES_MAX) throw new RangeError(`an answer of ${size} bytes is none of Kafka's`);
  return size;
}
