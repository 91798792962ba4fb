const FIRST_SLOTS = 64;

/** Whose timer it is: of a rule's key (the rule's index), of an alert, or of a session. At one instant they fire in that order. */
export const TimerOf = { alert: 0xfffffffe, session: 0xffffffff } as const;

/**
 * All timers of a partition: one binary heap by (due, whose). Cancelling is lazy: the row that armed a timer remembers its
 * due time, and a timer that its row does not remember is stale. Rows arm one timer and let it fire early rather than
 * arm one per event. Never part of a snapshot: it is built again from the rows.
 */
export class Timers {
  private due = new Float64Array(FIRST_SLOTS);
  private of = new Uint32Array(FIRST_SLOTS);
  private row = new Uint32Array(FIRST_SLOTS);
  private used = 0;
  /** Timers in the heap that their rows do not remember any more, about. */
  private stale = 0;

  get size(): number {
    return this.used;
  }

  get bytes(): number {
    return this.due.byteLength + this.of.byteLength + this.row.byteLength;
  }

  /** Infinity when there is none. */
  nextDue(): number {
    return this.used === 0 ? Number.POSITIVE_INFINITY : (this.due[0] as number);
  }

  nextOf(): number {
    return this.of[0] as number;
  }

  nextRow(): number {
    return this.row[0] as number;
  }

  add(due: number, of: number, row: number): void {
    if (this.used === this.due.length) this.grow();
    this.siftUp(this.used++, due, of, row);
  }

  pop(): void {
    const last = --this.used;
    if (last > 0) this.siftDown(0, this.due[last] as number, this.of[last] as number, this.row[last] as number);
  }

  /** A row does not remember a timer of its own any more. */
  forgot(): void {
    this.stale++;
  }

  /** A stale timer came up and was ignored. */
  ignored(): void {
    if (this.stale > 0) this.stale--;
  }

  /** True when stale timers are the most of the heap and worth removing. */
  get isStale(): boolean {
    return this.stale > 1024 && this.stale * 2 > this.used;
  }

  /** Removes all timers that nobody remembers. */
  sweep(isRemembered: (due: number, of: number, row: number) => boolean): void {
    const { due, of, row, used } = this;
    this.clear();
    for (let i = 0; i < used; i++) {
      const [d, o, r] = [due[i] as number, of[i] as number, row[i] as number];
      if (isRemembered(d, o, r)) this.siftUp(this.used++, d, o, r);
    }
  }

  clear(): void {
    this.used = 0;
    this.stale = 0;
  }

  private siftUp(from: number, due: number, of: number, row: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!comesBefore(due, of, this.due[parent] as number, this.of[parent] as number)) break;
      this.move(parent, at);
      at = parent;
    }
    this.put(at, due, of, row);
  }

  private siftDown(from: number, due: number, of: number, row: number): void {
    let at = from;
    for (let child = 1; child < this.used; child = at * 2 + 1) {
      const right = child + 1;
      if (right < this.used && this.isOrdered(right, child)) child = right;
      if (!comesBefore(this.due[child] as number, this.of[child] as number, due, of)) break;
      this.move(child, at);
      at = child;
    }
    this.put(at, due, of, row);
  }

  private isOrdered(a: number, b: number): boolean {
    return comesBefore(this.due[a] as number, this.of[a] as number, this.due[b] as number, this.of[b] as number);
  }

  private move(from: number, to: number): void {
    this.put(to, this.due[from] as number, this.of[from] as number, this.row[from] as number);
  }

  private put(at: number, due: number, of: number, row: number): void {
    this.due[at] = due;
    this.of[at] = of;
    this.row[at] = row;
  }

  private grow(): void {
    const size = Math.ceil(this.due.length * 1.25);
    const [due, of, row] = [new Float64Array(size), new Uint32Array(size), new Uint32Array(size)];
    due.set(this.due);
    of.set(this.of);
    row.set(this.row);
    this.due = due;
    this.of = of;
    this.row = row;
  }
}

function comesBefore(due: number, of: number, otherDue: number, otherOf: number): boolean {
  return due < otherDue || (due === otherDue && of < otherOf);
}
