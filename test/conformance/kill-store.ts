import { afterEach, describe } from 'vitest';
import { byHandLaws } from './kill-store/by-hand.ts';
import { changeLaws } from './kill-store/changes.ts';
import { fleetLaws } from './kill-store/fleet.ts';
import type { Harness, HarnessOptions, MakeHarness } from './kill-store/harness.ts';
import { initialised } from './kill-store/harness.ts';
import { limitLaws } from './kill-store/limits.ts';
import { outboxLaws } from './kill-store/outbox.ts';
import { readingLaws } from './kill-store/reading.ts';
import { recoveryLaws } from './kill-store/recovery.ts';
import { timeLaws } from './kill-store/time.ts';
import { trippedTenantLaws } from './kill-store/tripped-tenants.ts';

/**
 * The laws that every kill store keeps (contract 5), Redis and embedded alike.
 * Where the contract leaves a choice, these decide:
 *
 * - A trip is judged in this order: repeated, store_uninitialised, state_lost, evidence_too_old, fence, hold, unchanged,
 *   outbox_full, limits. What is refused or unchanged is not remembered and spends nothing.
 * - Operators' trips add as rules' do; only `replace` and a restore go down. Going down leaves a fence.
 * - A session's kill without a time lasts 7 days; killing it again renews those at most once a day.
 * - Expiry, renewal and re-assertion keep decision id, rule and evidence of the state that they concern, and its reason
 *   within theirs;
 *   what was set by hand has the decision id `hand:<version>` and the actor `redis-cli`.
 * - A set of disabled tools is adopted as a whole.
 * - In a limit, what concerns one tenant is judged before what concerns all; held limits before both.
 */
export function killStoreConformance(name: string, make: MakeHarness): void {
  describe(`kill store: ${name}`, () => {
    const open: Harness[] = [];
    afterEach(async () => {
      for (const harness of open.splice(0)) await harness.close();
    });
    const bare = async (options?: HarnessOptions): Promise<Harness> => {
      const harness = await make(options);
      open.push(harness);
      return harness;
    };
    const fixture = { bare, fresh: (options?: HarnessOptions) => initialised(bare, options) };

    changeLaws(fixture);
    timeLaws(fixture);
    byHandLaws(fixture);
    limitLaws(fixture);
    outboxLaws(fixture);
    readingLaws(fixture);
    trippedTenantLaws(fixture);
    recoveryLaws(fixture);
    fleetLaws(fixture);
  });
}
