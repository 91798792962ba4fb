const FIRST_SLOTS = 16;

/**
 * Rows by the hash of what they are about: open addressing, several rows may share a hash. The caller compares:
 *
 *     for (let slot = index.first(hash); slot >= 0; slot = index.next(slot, hash)) if (isIt(index.row(slot))) ...
 *
 * Never part of a snapshot: it is built again from the rows.
 */
export class RowIndex {
  /** Row and hash of each slot, side by side. */
  private slots = new Uint32Array(FIRST_SLOTS * 2);
  private mask = FIRST_SLOTS - 1;
  private used = 0;

  get bytes(): number {
    return this.slots.byteLength;
  }

  first(hash: number): number {
    return this.seek(hash & this.mask, hash >>> 0);
  }

  next(slot: number, hash: number): number {
    return this.seek((slot + 1) & this.mask, hash >>> 0);
  }

  row(slot: number): number {
    return this.slots[slot * 2] as number;
  }

  add(hash: number, row: number): void {
    if ((this.used + 1) * 3 > this.slots.length) this.resize((this.mask + 1) * 2);
    this.place(hash >>> 0, row);
    this.used++;
  }

  /** Removes one entry of that hash and row; nothing when there is none. */
  remove(hash: number, row: number): void {
    for (let slot = this.first(hash); slot >= 0; slot = this.next(slot, hash)) {
      if (this.slots[slot * 2] !== row) continue;
      this.close(slot);
      this.used--;
      if (this.used * 8 < this.mask && this.mask >= FIRST_SLOTS) this.resize((this.mask + 1) / 2);
      return;
    }
  }

  private seek(from: number, hash: number): number {
    const { slots, mask } = this;
    for (let slot = from; slots[slot * 2] !== 0; slot = (slot + 1) & mask)
      if (slots[slot * 2 + 1] === hash) return slot;
    return -1;
  }

  private place(hash: number, row: number): void {
    const { slots, mask } = this;
    let slot = hash & mask;
    while (slots[slot * 2] !== 0) slot = (slot + 1) & mask;
    slots[slot * 2] = row;
    slots[slot * 2 + 1] = hash;
  }

  /** Closes a gap: whatever was pushed past it moves back. */
  private close(at: number): void {
    const { slots, mask } = this;
    let gap = at;
    for (let slot = (gap + 1) & mask; slots[slot * 2] !== 0; slot = (slot + 1) & mask) {
      const home = (slots[slot * 2 + 1] as number) & mask;
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
      slots[gap * 2] = slots[slot * 2] as number;
      slots[gap * 2 + 1] = slots[slot * 2 + 1] as number;
      gap = slot;
    }
    slots[gap * 2] = 0;
  }

  private resize(size: number): void {
    const { slots } = this;
    this.slots = new Uint32Array(size * 2);
    this.mask = size - 1;
    for (let at = 0; at < slots.length; at += 2) {
      if (slots[at] !== 0) this.place(slots[at + 1] as number, slots[at] as number);
    }
  }
}

/** Mixes a word into a hash; order counts. */
export function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x9e3779b1);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
