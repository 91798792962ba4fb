import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '../../test/services/leash.ts';
import { Child, rootPath, runTask } from '../child.ts';
import { atLeast, figureOf, median } from '../figure.ts';
import type { Measure } from '../measure.ts';
import type { Usage } from '../probe.ts';
import { repeated, size } from '../services.ts';
import type { EventsFileInput } from '../tasks/events-file.ts';
import { SOME_DAY } from '../workload.ts';

/** The public command over a file, start of the process included, against a process that parses its lines. */
export const backtest: Measure = {
  name: 'backtest',
  about: 'sentinel rules backtest of a file, shipped rules, against JSON.parse alone',
  async run(bench) {
    const events = size(bench, 1_000_000, 60_000);
    const sessions = size(bench, 100_000, 6_000);
    const dir = temporaryDirectory('backtest');
    const file = join(dir, 'events.ndjson');
    bench.say(`writing a file of ${events} events`);
    await runTask('tasks/events-file', {
      file,
      workload: { events, sessions, startMs: SOME_DAY },
    } satisfies EventsFileInput);
    const runs = await repeated(bench, 'backtest', async () => ({
      sentinel: await rehearsed(dir, file),
      parse: await runTask<Usage>('tasks/parse-file', { file }),
    }));
    const ratio = median(runs.map(({ sentinel, parse }) => parse.cpuS / sentinel.cpuS));
    const text = { measure: 'backtest', what: 'events per CPU second' };
    const workload = { events, sessions, batch: null, rules: 'shipped' };
    const run = ({ cpuS, peakRssMb }: Usage) => ({ value: events / cpuS, cpuS, memoryMb: peakRssMb });
    const goals = [atLeast('reach', 0.8, ' × JSON.parse', ratio)];
    return [
      figureOf(
        { ...text, subject: 'sentinel', workload, goals },
        runs.map(({ sentinel }) => run(sentinel)),
      ),
      figureOf(
        { ...text, subject: 'JSON.parse', workload: { ...workload, rules: null } },
        runs.map(({ parse }) => run(parse)),
      ),
    ];
  },
};

async function rehearsed(dir: string, file: string): Promise<Usage> {
  const usageFile = join(dir, 'usage.json');
  const args = ['rules', 'backtest', '--rules', rootPath('rules'), '--events', file, '-o', 'json'];
  const child = new Child(rootPath('dist/cli/main.js'), args, { env: { BENCH_USAGE_FILE: usageFile } });
  const code = await child.exited;
  if (code !== 0) throw new Error(`the backtest ended with ${code}: ${child.errors}`);
  return JSON.parse(readFileSync(usageFile, 'utf8')) as Usage;
}
