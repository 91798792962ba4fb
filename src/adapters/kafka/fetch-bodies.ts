import { MemoryPool } from './memory-pool.ts';

/** First byte of a token; with it so short that no answer to a fetch looks like one. */
const TOKEN_MARK = 0xff;
const TOKEN_BYTES = 5;

/**
 * Answers to fetches on their way past kafkajs, which would copy each of them twice: it is handed a token instead. There is at
 * most one of each socket; one whose request has timed out is dropped with the next.
 */
export class FetchBodies {
  readonly memory = new MemoryPool();
  readonly #bodies = new Map<number, Buffer>();
  #sockets = 0;

  /** A number for a new socket. */
  open(): number {
    return ++this.#sockets;
  }

  /** Keeps the body until it is taken. @returns the token that stands for it */
  put(socket: number, body: Buffer): Buffer {
    this.#bodies.set(socket, body);
    const token = Buffer.alloc(TOKEN_BYTES, TOKEN_MARK);
    token.writeUInt32BE(socket, 1);
    return token;
  }

  /** The body that a token stands for; other bytes are a body themselves. */
  take(bytes: Buffer): Buffer {
    if (bytes.length !== TOKEN_BYTES || bytes[0] !== TOKEN_MARK) return bytes;
    const socket = bytes.readUInt32BE(1);
    const body = this.#bodies.get(socket);
    if (body === undefined) throw new Error(`the answer of socket ${socket} is gone`);
    this.#bodies.delete(socket);
    return body;
  }

  close(socket: number): void {
    this.#bodies.delete(socket);
  }
}
