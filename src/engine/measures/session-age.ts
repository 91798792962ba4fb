import type { Core } from '../measure.ts';
import { SessionTime } from './session-time.ts';

/** How long ago the session's first matching event was, while the newest is not long ago. */
export class SessionAge extends SessionTime {
  private readonly activeWithinMs: number;

  constructor(core: Core, activeWithinMs: number) {
    super(core);
    this.activeWithinMs = activeWithinMs;
  }

  protected override since(row: number): number {
    return this.firstSinceFence(row);
  }

  protected override activeUntil(row: number): number {
    return this.newest(row) + this.activeWithinMs;
  }
}
