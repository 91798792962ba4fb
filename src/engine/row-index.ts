const FIRST_SLOTS = 16;

/**
 * Rows by the hash of what they are about: open addressing, several rows may share a hash. The caller compares:
 *
 *     for (let slot = index.first(hash); slot >= 0; slot = index.next(slot, hash)) if (isIt(index.row(slot))) ...
 *
 * Never part of a snapshot: it is built again from the rows.
 */
export class RowIndex {
  private hashes = new Uint32Array(FIRST_SLOTS);
  private rows = new Uint32Array(FIRST_SLOTS);
  private used = 0;

  get bytes(): number {
    return this.hashes.byteLength + this.rows.byteLength;
  }

  first(hash: number): number {
    return this.seek((hash >>> 0) & (this.rows.length - 1), hash >>> 0);
  }

  next(slot: number, hash: number): number {
    return this.seek((slot + 1) & (this.rows.length - 1), hash >>> 0);
  }

  row(slot: number): number {
    return this.rows[slot] as number;
  }

  add(hash: number, row: number): void {
    if ((this.used + 1) * 3 > this.rows.length * 2) this.resize(this.rows.length * 2);
    this.place(hash >>> 0, row);
    this.used++;
  }

  /** Removes one entry of that hash and row; nothing when there is none. */
  remove(hash: number, row: number): void {
    for (let slot = this.first(hash); slot >= 0; slot = this.next(slot, hash)) {
      if (this.rows[slot] !== row) continue;
      this.close(slot);
      this.used--;
      if (this.used * 8 < this.rows.length && this.rows.length > FIRST_SLOTS) this.resize(this.rows.length / 2);
      return;
    }
  }

  private seek(from: number, hash: number): number {
    const mask = this.rows.length - 1;
    for (let slot = from; this.rows[slot] !== 0; slot = (slot + 1) & mask) if (this.hashes[slot] === hash) return slot;
    return -1;
  }

  private place(hash: number, row: number): void {
    const mask = this.rows.length - 1;
    let slot = hash & mask;
    while (this.rows[slot] !== 0) slot = (slot + 1) & mask;
    this.hashes[slot] = hash;
    this.rows[slot] = row;
  }

  /** Closes a gap: whatever was pushed past it moves back. */
  private close(at: number): void {
    const mask = this.rows.length - 1;
    let gap = at;
    for (let slot = (gap + 1) & mask; this.rows[slot] !== 0; slot = (slot + 1) & mask) {
      const home = (this.hashes[slot] as number) & mask;
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
      this.rows[gap] = this.rows[slot] as number;
      this.hashes[gap] = this.hashes[slot] as number;
      gap = slot;
    }
    this.rows[gap] = 0;
  }

  private resize(slots: number): void {
    const { hashes, rows } = this;
    this.hashes = new Uint32Array(slots);
    this.rows = new Uint32Array(slots);
    for (let slot = 0; slot < rows.length; slot++) {
      if (rows[slot] !== 0) this.place(hashes[slot] as number, rows[slot] as number);
    }
  }
}

/** Mixes a word into a hash; order counts. */
export function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x9e3779b1);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
