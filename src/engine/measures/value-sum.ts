import type { NumberField } from '../../domain/rule.ts';
import type { Core } from '../measure.ts';
import { amountOf, scaleOf } from './amount.ts';
import { Windowed } from './windowed.ts';

/** The sum of a number over the events in the key's window. */
export class ValueSum extends Windowed {
  private readonly place: { slot: number };

  constructor(core: Core, field: NumberField, slot: number, windowMs: number, endsWithSession: boolean) {
    const place = { slot };
    const amount = ({ view }: { view: Parameters<typeof amountOf>[0] }) => amountOf(view, field, place.slot);
    super(core, { windowMs, endsWithSession, amount, scale: scaleOf(field) });
    this.place = place;
  }

  useSlots(slots: readonly number[]): void {
    this.place.slot = slots[0] ?? -1;
  }
}
