/** The engine beside `JSON.parse` on the same bytes, piece by piece in turn. */
import { chunksOf } from '../chunks.ts';
import { usageNow } from '../probe.ts';
import { SentinelInProcess } from '../sentinel.ts';
import type { WorkloadOptions } from '../workload.ts';
import { cpuOf, task } from './task.ts';

export interface EngineInput {
  readonly rules: string;
  readonly workload: WorkloadOptions;
}

export interface EngineResult {
  readonly parseCpuS: number;
  readonly engineCpuS: number;
  readonly peakRssMb: number;
  readonly flagged: readonly string[];
  readonly decisions: number;
}

await task<EngineInput, EngineResult>(async ({ rules, workload }) => {
  const engine = await SentinelInProcess.open(rules);
  const times = { parseCpuS: 0, engineCpuS: 0 };
  let sum = 0;
  for (const chunk of chunksOf(workload)) {
    times.parseCpuS += cpuOf(() => {
      for (const { bytes } of chunk) sum += (JSON.parse(bytes.toString('utf8')) as { ts: number }).ts;
    });
    times.engineCpuS += cpuOf(() => {
      for (const event of chunk) engine.take(event);
    });
  }
  if (sum === 0) throw new Error('nothing was parsed');
  const { flagged, decisions } = engine;
  return { ...times, peakRssMb: usageNow().peakRssMb, flagged: [...flagged], decisions };
});
