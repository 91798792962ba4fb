/** Id of what is absent, and of what found no place; see `symbols.ts`. Names get the ids from here on. */
const FIRST_ID = 2;
const MIN_SLOTS = 64;

/**
 * Texts by small integers and back: open addressing over ids, looked up straight from UTF-8 bytes. A text belongs
 * to an owner (a session to its tenant; 0 for texts that stand alone), so the same text of two owners is two names.
 * Two names with the same hash are told apart by their texts.
 */
export class NameTable {
  private texts: string[] = ['', ''];
  private owners: number[] = [0, 0];
  private hashes: number[] = [0, 0];
  private slots = new Int32Array(MIN_SLOTS);
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
  find(owner: number, hash: number, bytes: Uint8Array, start: number, end: number): number {
    const mask = this.slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const id = this.slots[slot] as number;
      if (id === 0) return 0;
      if (this.hashes[id] !== hash || this.owners[id] !== owner) continue;
      if (equalsBytes(this.texts[id] as string, bytes, start, end)) return id;
    }
  }

  /** Adds a name that is not known yet. */
  add(owner: number, hash: number, text: string): number {
    if ((this.used + 1) * 2 > this.slots.length) this.grow();
    const id = this.free.pop() ?? this.texts.length;
    this.texts[id] = text;
    this.owners[id] = owner;
    this.hashes[id] = hash;
    this.used++;
    this.place(id);
    return id;
  }

  /** Forgets a name; false when the id has none. */
  release(id: number): boolean {
    if (id < FIRST_ID || this.owners[id] === undefined || this.texts[id] === '') return false;
    this.unplace(id);
    this.texts[id] = '';
    this.owners[id] = 0;
    this.free.push(id);
    this.used--;
    return true;
  }

  snapshot(): NameTableSnapshot {
    return { texts: [...this.texts], owners: [...this.owners], free: [...this.free] };
  }

  /** Takes over what a snapshot holds, ids and all. The table must be empty. */
  restore(snapshot: NameTableSnapshot, hashOf: (text: string, owner: number) => number): void {
    this.texts = [...snapshot.texts];
    this.owners = [...snapshot.owners];
    this.free.push(...snapshot.free);
    this.hashes = this.texts.map((text, id) => (text === '' ? 0 : hashOf(text, this.owners[id] as number)));
    this.used = this.texts.length - FIRST_ID - this.free.length;
    this.rebuild(slotsFor(this.used));
  }

  private grow(): void {
    this.rebuild(this.slots.length * 2);
  }

  private rebuild(slots: number): void {
    this.slots = new Int32Array(slots);
    for (let id = FIRST_ID; id < this.texts.length; id++) if (this.texts[id] !== '') this.place(id);
  }

  private place(id: number): void {
    const mask = this.slots.length - 1;
    let slot = (this.hashes[id] as number) & mask;
    while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
    this.slots[slot] = id;
  }

  /** Closes the gap that an id leaves: whatever was pushed past it moves back. */
  private unplace(id: number): void {
    const mask = this.slots.length - 1;
    let gap = (this.hashes[id] as number) & mask;
    while (this.slots[gap] !== id) gap = (gap + 1) & mask;
    for (let slot = (gap + 1) & mask; this.slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = (this.hashes[this.slots[slot] as number] as number) & mask;
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
      this.slots[gap] = this.slots[slot] as number;
      gap = slot;
    }
    this.slots[gap] = 0;
  }
}

export interface NameTableSnapshot {
  /** By id; empty where the id is free. */
  readonly texts: readonly string[];
  readonly owners: readonly number[];
  readonly free: readonly number[];
}

function slotsFor(names: number): number {
  let slots = MIN_SLOTS;
  while (slots < (names + 1) * 2) slots *= 2;
  return slots;
}

/** True when the text is what these bytes of UTF-8 say. */
function equalsBytes(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  const length = text.length;
  if (length > end - start) return false;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) return tailEquals(text, i, bytes, start + i, end);
    if (unit !== bytes[start + i]) return false;
  }
  return length === end - start;
}

function tailEquals(text: string, from: number, bytes: Uint8Array, start: number, end: number): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8') === text.slice(from);
}
