import { rootPath, runTask } from '../child.ts';
import { atLeast, figureOf, median } from '../figure.ts';
import { agreement } from '../flags.ts';
import type { Measure } from '../measure.ts';
import { repeated, size } from '../services.ts';
import type { EngineInput, EngineResult } from '../tasks/engine.ts';
import type { NaiveResult } from '../tasks/naive.ts';
import { SOME_DAY } from '../workload.ts';

const WHAT = 'events per CPU second';
/** Of the events; a multiple of what the task takes at a time. */
const WARM_UP_SHARE = 0.1;

/** From bytes to decisions on one core, without a log or a store. */
export const engine: Measure = {
  name: 'engine',
  about: 'engine alone, from bytes to decisions, against JSON.parse alone',
  async run(bench) {
    const events = size(bench, 1_000_000, 60_000);
    const sessions = size(bench, 100_000, 6_000);
    const workload = { events, sessions, startMs: SOME_DAY };
    bench.say('engine, what the naive service flags');
    const naive = await runTask<NaiveResult>('tasks/naive', workload);
    const warmUp = events * WARM_UP_SHARE;
    const input: EngineInput = { rules: rootPath('bench/rules'), workload, warmUp };
    const runs = await repeated(bench, 'engine', () => runTask<EngineResult>('tasks/engine', input));
    const counted = events - warmUp;
    const { agrees, ...found } = agreement(runs[0]!.flagged, naive.flags);
    const invalid = agrees ? null : `engine and naive flag other keys: ${JSON.stringify(found)}`;
    const ours = runs.map(({ engineCpuS: cpuS, peakRssMb }) => ({ value: counted / cpuS, cpuS, memoryMb: peakRssMb }));
    const parse = runs.map(({ parseCpuS: cpuS }) => ({ value: counted / cpuS, cpuS }));
    const ratio = median(runs.map(({ parseCpuS, engineCpuS }) => parseCpuS / engineCpuS));
    const goals = [atLeast('reach', 0.8, ' × JSON.parse', ratio), atLeast('aim', 1.5, ' × JSON.parse', ratio)];
    const text = { measure: 'engine', what: WHAT, workload: { events, sessions, batch: null, rules: 'five' } };
    const notes = `${found.flagged} keys flagged by both, ${found.leftAside} left aside, ${runs[0]!.decisions} decisions, the first tenth not counted`;
    const judged = { value: events / naive.cpuS, cpuS: naive.cpuS, memoryMb: naive.peakRssMb };
    return [
      figureOf({ ...text, subject: 'sentinel', goals, invalid, notes }, ours),
      figureOf({ ...text, subject: 'JSON.parse', workload: { ...text.workload, rules: null } }, parse),
      figureOf({ ...text, subject: 'naive', notes: 'one run, for what it flags' }, [judged]),
    ];
  },
};
