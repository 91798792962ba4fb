/** A partition as the watchdog sees it. */
export interface Progress {
  readonly partition: number;
  readonly lag: number;
  /** Wall time of the last record or finished restore, epoch ms. */
  readonly progressedAt: number;
  /** Why it stands still on purpose (a dependency is away); null when it should move. */
  readonly pausedFor: string | null;
}

/** How long a partition may have lag without progress, ms. */
export const STALL_MS = 15_000;

/** The first partition that should move and does not, in words; null when all is well. Pure. */
export function stalled(partitions: Iterable<Progress>, now: number): string | null {
  for (const { partition, lag, progressedAt, pausedFor } of partitions) {
    if (lag === 0 || pausedFor !== null || now - progressedAt < STALL_MS) continue;
    const seconds = Math.round((now - progressedAt) / 1_000);
    return `partition ${partition} has ${lag} records to read and made no progress for ${seconds} s`;
  }
  return null;
}
