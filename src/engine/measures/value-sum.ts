import type { NumberField } from '../../domain/rule.ts';
import type { Core } from '../measure.ts';
import { amountOf, scaleOf } from './amount.ts';
import { Windowed } from './windowed.ts';

/** The sum of a number over the events in the key's window. */
export class ValueSum extends Windowed {
  private readonly field: NumberField;
  private slot: number;

  constructor(core: Core, field: NumberField, slot: number, windowMs: number, endsWithSession: boolean) {
    super(core, { windowMs, endsWithSession, scale: scaleOf(field) });
    this.field = field;
    this.slot = slot;
  }

  override read(): boolean {
    this.record.amount = amountOf(this.record.view, this.field, this.slot);
    return this.record.amount > 0;
  }

  useSlots(slots: readonly number[]): void {
    this.slot = slots[0] ?? -1;
  }
}
