import { DEFAULT_CONFIG } from '../../src/daemon/config/config.ts';
import { publishedConfig } from '../../src/daemon/parts.ts';
import { runTask } from '../child.ts';
import { atMost, figureOf, median } from '../figure.ts';
import type { Measure } from '../measure.ts';
import { repeated, size } from '../services.ts';
import { createSetting, type Setting } from '../setting.ts';
import type { Cost, GuardCheckInput, GuardCheckResult } from '../tasks/guard-check.ts';

/** Makes a store complete without a daemon, as `sentinel init` does. */
export async function initialised(setting: Setting): Promise<void> {
  await setting.store.publishConfig(publishedConfig(DEFAULT_CONFIG));
  await setting.store.initialise([], { kind: 'operator', id: 'bench' });
}

/** By ids as strings off a wire, and by handle, against the cheapest thing that could answer at all. */
export const guardCheck: Measure = {
  name: 'guard-check',
  about: 'one check of an open session, against two Set lookups',
  async run(bench) {
    const setting = await createSetting(await bench.services());
    await initialised(setting);
    const sessions = size(bench, 1_000, 100);
    const checks = size(bench, 200_000, 20_000);
    const redis = { url: setting.redisUrl, keyPrefix: setting.keyPrefix };
    const input: GuardCheckInput = { redis, sessions, checks };
    const flags = ['--expose-gc', '--max-semi-space-size=256'];
    const runs = await repeated(bench, 'guard-check', () =>
      runTask<GuardCheckResult>('tasks/guard-check', input, flags),
    );
    await setting.close();
    const ratio = (of: (run: GuardCheckResult) => Cost) => median(runs.map((run) => of(run).ns / run.sets.ns));
    const bytes = (of: (run: GuardCheckResult) => Cost) => median(runs.map((run) => Math.round(of(run).bytes)));
    const workload = { events: checks, sessions, batch: null, rules: null };
    const figure = (subject: string, of: (run: GuardCheckResult) => Cost, bound: number | null) =>
      figureOf(
        {
          ...{ measure: 'guard-check', subject, what: 'ns per check', workload },
          goals:
            bound === null
              ? []
              : [atMost('reach', bound, ' × two Sets', ratio(of)), atMost('reach', 0, ' bytes allocated', bytes(of))],
        },
        runs.map((run) => ({ value: of(run).ns })),
      );
    return [
      figure('by ids', (run) => run.byIds, 1.2),
      figure('by handle', (run) => run.byHandle, 0.2),
      figure('two Sets', (run) => run.sets, null),
    ];
  },
};
