import type { Core } from '../measure.ts';
import { Windowed } from './windowed.ts';

/** How many events are in the key's window. */
export class EventCount extends Windowed {
  constructor(core: Core, windowMs: number, endsWithSession: boolean) {
    super(core, { windowMs, endsWithSession, scale: null });
  }

  override read(): boolean {
    this.record.amount = 1;
    return true;
  }

  useSlots(): void {}
}
