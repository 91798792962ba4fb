import { SessionTime } from './session-time.ts';

/** How long ago the session's newest matching event was. */
export class SessionIdle extends SessionTime {
  protected override since(row: number): number {
    return this.newest(row);
  }

  protected override activeUntil(): number {
    return Number.POSITIVE_INFINITY;
  }
}
