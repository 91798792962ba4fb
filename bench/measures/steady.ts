import { setTimeout as pause } from 'node:timers/promises';
import { atMost, figureOf, median, type Run } from '../figure.ts';
import type { Measure } from '../measure.ts';
import { type Bench, repeated, size } from '../services.ts';
import { createSetting } from '../setting.ts';
import { startedBaseline, startedDaemon, startedLoad } from './latency.ts';

const RATE = 2_000;

/** At low rates the cost is the fetch, not the event. */
export const steady: Measure = {
  name: 'steady',
  about: `CPU seconds over 45 s at ${RATE} events/s, against naive`,
  async run(bench) {
    const seconds = size(bench, 45, 5);
    const runs = await repeated(bench, 'steady', async () => ({
      sentinel: await costOf(bench, 'sentinel', seconds),
      naive: await costOf(bench, 'naive', seconds),
    }));
    const text = { measure: 'steady', what: `CPU seconds over ${seconds} s` };
    const workload = { events: seconds * RATE, sessions: 100_000, batch: RATE / 100, rules: 'five' };
    const ratio = median(runs.map(({ sentinel, naive }) => sentinel.value / naive.value));
    const notes = 'batch: records per produce request, over 12 partitions';
    return [
      figureOf(
        { ...text, subject: 'sentinel', workload, goals: [atMost('aim', 1, ' × naive', ratio)], notes },
        runs.map(({ sentinel }) => sentinel),
      ),
      figureOf(
        { ...text, subject: 'naive', workload },
        runs.map(({ naive }) => naive),
      ),
    ];
  },
};

async function costOf(bench: Bench, subject: 'sentinel' | 'naive', seconds: number): Promise<Run> {
  const setting = await createSetting(await bench.services());
  const child = subject === 'sentinel' ? await startedDaemon(setting) : await startedBaseline('naive', setting);
  const load = await startedLoad(setting, RATE, null);
  await pause(size(bench, 8_000, 2_000));
  const before = await child.usage();
  await pause(seconds * 1_000);
  const after = await child.usage();
  await load.stop();
  await child.stop();
  await setting.close();
  const cpuS = after.cpuS - before.cpuS;
  return { value: cpuS, cpuS, wallS: seconds, memoryMb: after.rssMb };
}
