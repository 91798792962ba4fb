/** Bounds of one partition's memory. What finds no place is counted, never evicts another's state. */
export interface CardinalityLimits {
  readonly tenants: number;
  /** Open sessions of one tenant. */
  readonly sessionsPerTenant: number;
  /** Keys of one rule and tenant. */
  readonly keysPerTenant: number;
  /** Operations of one key of `duplicate_count`; at most 1,024. */
  readonly operationsPerKey: number;
  /** Fingerprints of one key of `loop`; at most 1,024. */
  readonly fingerprintsPerKey: number;
  /** Event ids that an open session remembers; at most 4,096. */
  readonly eventIdsPerSession: number;
}

export const DEFAULT_LIMITS: CardinalityLimits = {
  tenants: 10_000,
  sessionsPerTenant: 200_000,
  keysPerTenant: 200_000,
  operationsPerKey: 1024,
  fingerprintsPerKey: 64,
  eventIdsPerSession: 1024,
};

/** Newest entries of a window or a loop that are kept one by one. */
export const EXACT_ENTRIES = 256;
/** Newest entries of a session total that are kept one by one. */
export const EXACT_OF_TOTAL = 32;
/** Older entries of a window count by such parts of it. */
export const SLICES = 64;
/** Events that evidence names. */
export const EVIDENCE_EVENTS = 20;
/** Sessions that an alert names. */
export const SUBJECT_SESSIONS = 100;
/** An event's time is at most that much later than its append time, ms. */
export const CLOCK_SKEW_MS = 2000;
/** Sums saturate here. */
export const SUM_MAX = Number.MAX_SAFE_INTEGER;

/** Adds two integers from 0 to {@link SUM_MAX}. */
export function addSaturating(a: number, b: number): number {
  return a > SUM_MAX - b ? SUM_MAX : a + b;
}
