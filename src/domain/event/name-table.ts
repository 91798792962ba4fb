/** 0 stands for what is absent, 1 for what found no place (`symbols.ts`). Names get the ids from here on. */
const FIRST_ID = 2;
const MIN_SLOTS = 64;
/** A slot is hash lo, hash hi, id (0: free) and a filler: one line of the cache answers a probe. */
const STRIDE = 4;

/**
 * Texts by small integers and back: open addressing over keyed 64-bit hashes. A name is known by its hash alone, so
 * a look-up needs no text; with a million names another one has the same hash once in 10^13 look-ups, and nobody
 * who does not know the key can look for it. The owner (a session's tenant, else 0) is part of what is hashed.
 */
export class NameTable {
  private texts: string[] = ['', ''];
  private owners = new Uint32Array(MIN_SLOTS);
  private slots = new Int32Array(MIN_SLOTS * STRIDE);
  private mask = MIN_SLOTS - 1;
  /** Released ids, the last one is taken first. */
  private readonly free: number[] = [];
  private used = 0;

  get size(): number {
    return this.used;
  }

  /** One more than the greatest id that was ever in use. */
  get bound(): number {
    return this.texts.length;
  }

  text(id: number): string {
    return this.texts[id] ?? '';
  }

  owner(id: number): number {
    return this.owners[id] ?? 0;
  }

  /** The id of a known name, 0 when it is not known. */
  find(lo: number, hi: number): number {
    const { slots, mask } = this;
    for (let slot = lo & mask; ; slot = (slot + 1) & mask) {
      const at = slot * STRIDE;
      const id = slots[at + 2]!;
      if (id === 0 || (slots[at] === lo && slots[at + 1] === hi)) return id;
    }
  }

  /** Adds a name that is not known yet. */
  add(lo: number, hi: number, text: string, owner: number): number {
    if (isCrowded(this.used + 1, this.mask + 1)) this.grow();
    const id = this.free.pop() ?? this.texts.length;
    this.texts[id] = text;
    this.own(id, owner);
    this.used++;
    this.place(lo, hi, id);
    return id;
  }

  /** Forgets a name with its hash; false when the id has none. */
  release(id: number, lo: number, hi: number): boolean {
    if (id < FIRST_ID || this.find(lo, hi) !== id) return false;
    this.unplace(lo, id);
    this.texts[id] = '';
    this.owners[id] = 0;
    this.free.push(id);
    this.used--;
    return true;
  }

  snapshot(): NameTableSnapshot {
    return { texts: [...this.texts], owners: [...this.owners.subarray(0, this.bound)], free: [...this.free] };
  }

  /** Takes over the ids of a snapshot; each name in it is to be given its hash with {@link rehash}. The table must be empty. */
  restore(snapshot: NameTableSnapshot): void {
    this.texts = [...snapshot.texts];
    this.owners = Uint32Array.from(snapshot.owners);
    this.free.push(...snapshot.free);
    this.used = this.texts.length - FIRST_ID - this.free.length;
    let slots = MIN_SLOTS;
    while (isCrowded(this.used + 1, slots)) slots *= 2;
    this.slots = new Int32Array(slots * STRIDE);
    this.mask = slots - 1;
  }

  rehash(id: number, lo: number, hi: number): void {
    this.place(lo, hi, id);
  }

  private own(id: number, owner: number): void {
    if (id >= this.owners.length) {
      const grown = new Uint32Array(Math.ceil(id * 1.25));
      grown.set(this.owners);
      this.owners = grown;
    }
    this.owners[id] = owner;
  }

  private grow(): void {
    const old = this.slots;
    this.slots = new Int32Array(old.length * 2);
    this.mask = this.mask * 2 + 1;
    for (let at = 0; at < old.length; at += STRIDE) {
      if (old[at + 2] !== 0) this.place(old[at]!, old[at + 1]!, old[at + 2]!);
    }
  }

  private place(lo: number, hi: number, id: number): void {
    const { slots, mask } = this;
    let slot = lo & mask;
    while (slots[slot * STRIDE + 2] !== 0) slot = (slot + 1) & mask;
    slots[slot * STRIDE] = lo;
    slots[slot * STRIDE + 1] = hi;
    slots[slot * STRIDE + 2] = id;
  }

  /** Closes the gap that an id leaves: whatever was pushed past it moves back. */
  private unplace(lo: number, id: number): void {
    const { slots, mask } = this;
    let gap = lo & mask;
    while (slots[gap * STRIDE + 2] !== id) gap = (gap + 1) & mask;
    for (let slot = (gap + 1) & mask; slots[slot * STRIDE + 2] !== 0; slot = (slot + 1) & mask) {
      const home = slots[slot * STRIDE]! & mask;
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
      slots.copyWithin(gap * STRIDE, slot * STRIDE, (slot + 1) * STRIDE);
      gap = slot;
    }
    slots.fill(0, gap * STRIDE, (gap + 1) * STRIDE);
  }
}

/** Three quarters full: more would make long probes, less would cost a million names twenty bytes each. */
function isCrowded(used: number, slots: number): boolean {
  return used * 4 > slots * 3;
}

export interface NameTableSnapshot {
  /** By id; empty where the id is free. */
  readonly texts: readonly string[];
  readonly owners: readonly number[];
  readonly free: readonly number[];
}
