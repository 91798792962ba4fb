/** Wall time as an argument. The one real clock is made where the daemon, the guard and the CLI are wired. */
export interface Clock {
  /** Epoch ms, integer. */
  now(): number;
}
