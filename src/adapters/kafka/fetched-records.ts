import type { LogRecord, LogRecords } from '../../ports/event-log.ts';
import { FetchedRecord, type Run } from './record.ts';

/** Numbers that are kept of a record: offset delta, where its key stands, where its value stands, the value's length. */
const MARKS = 4;
const FIRST_MARKS = 64 * MARKS;

/**
 * The records that a fetch brought for one partition: where they stand. Each becomes an object when it is its turn, so that
 * thousands need not outlive a collection of garbage.
 */
export class FetchedRecords implements LogRecords {
  readonly #source: { readonly topic: string; readonly partition: number };
  #marks = new Int32Array(FIRST_MARKS);
  #used = 0;
  readonly #runs: Run[] = [];

  constructor({ topic, partition }: { readonly topic: string; readonly partition: number }) {
    this.#source = { topic, partition };
  }

  get length(): number {
    return this.#used / MARKS;
  }

  get runs(): number {
    return this.#runs.length;
  }

  /** What is added from now on stands in these bytes. */
  begin(bytes: Buffer, base: number, appendedAt: number): void {
    this.#runs.push({ ...this.#source, bytes, base, appendedAt, start: this.#used, damaged: null });
  }

  add(delta: number, keyAt: number, valueAt: number, valueLength: number): void {
    if (this.#used === this.#marks.length) this.#grow();
    const marks = this.#marks;
    const at = this.#used;
    marks[at] = delta;
    marks[at + 1] = keyAt;
    marks[at + 2] = valueAt;
    marks[at + 3] = valueLength;
    this.#used = at + MARKS;
  }

  addDamaged(damaged: LogRecord): void {
    const { offset, appendedAt } = damaged;
    this.#runs.push({ ...this.#source, bytes: EMPTY, base: offset, appendedAt, start: this.#used, damaged });
    this.add(0, 0, 0, -1);
  }

  /** As it was when there were so many runs. */
  backTo(runs: number): void {
    const first = this.#runs[runs];
    if (first !== undefined) this.#used = first.start;
    this.#runs.length = runs;
  }

  [Symbol.iterator](): Iterator<LogRecord> {
    return new Walk(this.#runs, this.#marks, this.#used);
  }

  #grow(): void {
    const grown = new Int32Array(this.#marks.length * 4);
    grown.set(this.#marks);
    this.#marks = grown;
  }
}

/** Goes through the records. One answer is used again for all of them: there are thousands. */
class Walk implements Iterator<LogRecord> {
  readonly #runs: readonly Run[];
  readonly #marks: Int32Array;
  readonly #end: number;
  readonly #answer: { done: boolean; value: LogRecord | undefined } = { done: false, value: undefined };
  #place = 0;
  #at = 0;

  constructor(runs: readonly Run[], marks: Int32Array, end: number) {
    this.#runs = runs;
    this.#marks = marks;
    this.#end = end;
  }

  next(): IteratorResult<LogRecord> {
    const answer = this.#answer;
    const isOver = this.#at >= this.#end;
    answer.done = isOver;
    answer.value = isOver ? undefined : this.#record();
    return answer as IteratorResult<LogRecord>;
  }

  #record(): LogRecord {
    while (this.#at >= (this.#runs[this.#place + 1]?.start ?? this.#end)) this.#place++;
    const run = this.#runs[this.#place] as Run;
    const at = this.#at;
    this.#at += MARKS;
    if (run.damaged !== null) return run.damaged;
    const marks = this.#marks;
    return new FetchedRecord(
      run,
      run.base + (marks[at] as number),
      marks[at + 1] as number,
      marks[at + 2] as number,
      marks[at + 3] as number,
    );
  }
}

const EMPTY = Buffer.alloc(0);
