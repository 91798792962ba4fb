/** What the naive judge flags of a workload, and what that costs. */
import { NaiveJudge } from '../baselines/naive-judge.ts';
import { chunksOf } from '../chunks.ts';
import type { Flags } from '../flags.ts';
import { usageNow } from '../probe.ts';
import type { WorkloadOptions } from '../workload.ts';
import { cpuOf, task } from './task.ts';

export interface NaiveResult {
  readonly cpuS: number;
  readonly peakRssMb: number;
  readonly flags: Flags;
}

await task<WorkloadOptions, NaiveResult>((workload) => {
  const judge = new NaiveJudge();
  let cpuS = 0;
  for (const chunk of chunksOf(workload)) {
    cpuS += cpuOf(() => {
      for (const { bytes } of chunk) judge.take(JSON.parse(bytes.toString('utf8')));
    });
  }
  return { cpuS, peakRssMb: usageNow().peakRssMb, flags: judge.flags };
});
