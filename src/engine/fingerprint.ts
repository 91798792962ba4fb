import { OVERFLOW } from '../domain/event/symbols.ts';
import type { EventView } from '../domain/event/view.ts';
import type { CompiledRule, FingerprintPart } from '../domain/rule.ts';

/**
 * What makes two calls the same operation, as 64 bits combined from the keyed hashes of its parts. One object per
 * rule, read anew for every event.
 */
export class Fingerprint {
  lo = 0;
  hi = 0;
  private readonly parts: readonly FingerprintPart[];
  private slots: readonly number[];

  constructor({ rule: { measure }, slots }: CompiledRule) {
    this.parts = 'fingerprint' in measure ? measure.fingerprint : [];
    this.slots = slots;
  }

  useSlots(slots: readonly number[]): void {
    this.slots = slots;
  }

  /** @returns false when the event lacks a part: it is no entry. */
  read(view: EventView): boolean {
    this.lo = 0;
    this.hi = 0;
    for (let i = 0; i < this.parts.length; i++) if (!this.addPart(view, i)) return false;
    return true;
  }

  private addPart(view: EventView, index: number): boolean {
    switch (this.parts[index]) {
      case 'tool':
        return this.add(view.tool, 0) && view.tool !== OVERFLOW;
      case 'args':
        // No arguments are an operation too.
        this.add(view.argsLo, view.argsHi);
        return true;
      case 'idempotency_key':
        return this.add(view.idempotencyLo, view.idempotencyHi);
      default: {
        const slot = this.slots[index] as number;
        return this.add(view.slotLo[slot] as number, view.slotHi[slot] as number);
      }
    }
  }

  /** @returns false for what is absent: both halves 0. */
  private add(lo: number, hi: number): boolean {
    this.lo = (Math.imul(this.lo, 0x85ebca6b) ^ lo) >>> 0;
    this.hi = (Math.imul(this.hi, 0xc2b2ae35) ^ hi) >>> 0;
    return (lo | hi) !== 0;
  }
}
