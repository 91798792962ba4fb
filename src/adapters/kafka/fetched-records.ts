import type { LogRecord, LogRecords } from '../../ports/event-log.ts';
import { FetchedRecord } from './record.ts';

/** Numbers that are kept of a record: offset delta, where its key stands, where its value stands, the value's length. */
const MARKS = 4;

/** Records that lie in the same bytes. */
interface Run {
  readonly bytes: Buffer;
  readonly base: number;
  readonly appendedAt: number;
  /** Of the first record, in the marks. */
  readonly start: number;
  /** Stands for all of them where they cannot be read. */
  readonly damaged: LogRecord | null;
}

/**
 * The records that a fetch brought for one partition: where they stand. Each becomes an object when it is its turn, so that
 * thousands need not outlive a collection of garbage.
 */
export class FetchedRecords implements LogRecords {
  readonly #source: { readonly topic: string; readonly partition: number };
  readonly #marks: number[] = [];
  readonly #runs: Run[] = [];

  constructor(source: { readonly topic: string; readonly partition: number }) {
    this.#source = source;
  }

  get length(): number {
    return this.#marks.length / MARKS;
  }

  get runs(): number {
    return this.#runs.length;
  }

  /** What is added from now on stands in these bytes. */
  begin(bytes: Buffer, base: number, appendedAt: number): void {
    this.#runs.push({ bytes, base, appendedAt, start: this.#marks.length, damaged: null });
  }

  add(delta: number, keyAt: number, valueAt: number, valueLength: number): void {
    this.#marks.push(delta, keyAt, valueAt, valueLength);
  }

  addDamaged(damaged: LogRecord): void {
    const { offset, appendedAt } = damaged;
    this.#runs.push({ bytes: EMPTY, base: offset, appendedAt, start: this.#marks.length, damaged });
    this.add(0, 0, 0, -1);
  }

  /** As it was when there were so many runs. */
  backTo(runs: number): void {
    const first = this.#runs[runs];
    if (first !== undefined) this.#marks.length = first.start;
    this.#runs.length = runs;
  }

  *[Symbol.iterator](): Iterator<LogRecord> {
    for (const [place, run] of this.#runs.entries()) {
      const end = this.#runs[place + 1]?.start ?? this.#marks.length;
      for (let at = run.start; at < end; at += MARKS) yield run.damaged ?? this.#record(run, at);
    }
  }

  #record({ bytes, base, appendedAt }: Run, at: number): LogRecord {
    const marks = this.#marks;
    const offset = base + (marks[at] as number);
    const [keyAt, valueAt, length] = [marks[at + 1] as number, marks[at + 2] as number, marks[at + 3] as number];
    return new FetchedRecord(this.#source, offset, appendedAt, bytes, keyAt, valueAt, length);
  }
}

const EMPTY = Buffer.alloc(0);
