import type { KillState } from '../domain/kill-state.ts';
import type { GuardReport } from '../ports/kill-store.ts';

/** How many guards enforce a state. */
export interface GuardCount {
  readonly confirmed: number;
  /** They report, and have not reported this version yet. */
  readonly behind: number;
  /** No report for longer than a guard goes on without the store; it denies by itself by now, or is gone. */
  readonly silent: number;
}

/** A guard's `maxStalenessMs`: after that it denies writes, model calls and new runs on its own. */
const SILENT_AFTER_MS = 15_000;
/** A gateway that died without a word is not told of for ever. */
const GONE_AFTER_MS = 3_600_000;

/** @param now the store's time, ms */
export function countGuards(
  reports: readonly GuardReport[],
  state: Pick<KillState, 'version'>,
  { now, epoch }: { readonly now: number; readonly epoch: string | null },
): GuardCount {
  let confirmed = 0;
  let behind = 0;
  let silent = 0;
  for (const report of reports) {
    const age = now - report.at;
    if (age > GONE_AFTER_MS) continue;
    if (age > SILENT_AFTER_MS) silent += 1;
    else if (report.epoch === epoch && report.version >= state.version) confirmed += 1;
    else behind += 1;
  }
  return { confirmed, behind, silent };
}

/** Calls under way at the guards that report. @param now the store's time, ms */
export function callsInFlight(reports: readonly GuardReport[], now: number): number {
  return reports.reduce((sum, { at, in_flight }) => (now - at > SILENT_AFTER_MS ? sum : sum + in_flight), 0);
}
