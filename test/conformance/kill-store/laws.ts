import type { Harness, HarnessOptions, MakeHarness } from './harness.ts';

/** How a law gets its store; every one is closed after the test. */
export interface Fixture {
  /** A complete store, with an epoch. */
  fresh(options?: HarnessOptions): Promise<Harness>;
  /** A store that was never initialised. */
  bare: MakeHarness;
}
