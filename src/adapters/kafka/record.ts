import type { LogRecord } from '../../ports/event-log.ts';
import { VarintReader } from './varint.ts';

const NO_HEADERS: LogRecord['headers'] = Object.freeze({});

/** Records that lie in the same bytes. */
export interface Run {
  readonly topic: string;
  readonly partition: number;
  readonly bytes: Buffer;
  readonly base: number;
  readonly appendedAt: number;
  /** Of the first record, in the marks. */
  readonly start: number;
  /** Stands for all of them where they cannot be read. */
  readonly damaged: LogRecord | null;
}

/** A record where it lies in a fetch response. Value, key and headers are looked for only when somebody asks. */
export class FetchedRecord implements LogRecord {
  readonly offset: number;
  private readonly run: Run;
  /** Where the key's length stands. */
  private readonly keyAt: number;
  private readonly valueAt: number;
  /** −1 where there is no value. */
  private readonly valueLength: number;

  constructor(run: Run, offset: number, keyAt: number, valueAt: number, valueLength: number) {
    this.offset = offset;
    this.run = run;
    this.keyAt = keyAt;
    this.valueAt = valueAt;
    this.valueLength = valueLength;
  }

  get topic(): string {
    return this.run.topic;
  }

  get partition(): number {
    return this.run.partition;
  }

  get appendedAt(): number {
    return this.run.appendedAt;
  }

  get value(): Uint8Array | null {
    const { run, valueAt, valueLength } = this;
    return valueLength < 0 ? null : run.bytes.subarray(valueAt, valueAt + valueLength);
  }

  get key(): Uint8Array | null {
    const { bytes } = this.run;
    const reader = new VarintReader(bytes, this.keyAt);
    const length = reader.next();
    return length < 0 ? null : bytes.subarray(reader.at, reader.at + length);
  }

  /** The last one of a name counts. */
  get headers(): LogRecord['headers'] {
    const { bytes } = this.run;
    const headersAt = this.valueAt + Math.max(0, this.valueLength);
    if (bytes[headersAt] === 0) return NO_HEADERS;
    const headers: Record<string, Uint8Array | undefined> = Object.create(null);
    const reader = new VarintReader(bytes, headersAt);
    for (let left = reader.next(); left > 0 && reader.at < bytes.length; left--) {
      const name = this.#take(reader);
      headers[name?.toString('utf8') ?? ''] = this.#take(reader);
    }
    return headers;
  }

  #take(reader: VarintReader): Buffer | undefined {
    const length = reader.next();
    if (length < 0) return undefined;
    const start = reader.at;
    reader.at += length;
    return this.run.bytes.subarray(start, reader.at);
  }
}
