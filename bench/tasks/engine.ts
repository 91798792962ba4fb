/**
 * The engine beside `JSON.parse` on the same bytes, piece by piece in turn. What comes first warms both up and is not counted:
 * a daemon runs for weeks, and its compiler is done after seconds.
 */
import { chunksOf } from '../chunks.ts';
import { usageNow } from '../probe.ts';
import { SentinelInProcess } from '../sentinel.ts';
import type { WorkloadOptions } from '../workload.ts';
import { cpuOf, task } from './task.ts';

export interface EngineInput {
  readonly rules: string;
  readonly workload: WorkloadOptions;
  /** Events at the beginning that are not counted. */
  readonly warmUp: number;
}

export interface EngineResult {
  readonly parseCpuS: number;
  readonly engineCpuS: number;
  readonly peakRssMb: number;
  readonly flagged: readonly string[];
  readonly decisions: number;
}

await task<EngineInput, EngineResult>(async ({ rules, workload, warmUp }) => {
  const engine = await SentinelInProcess.open(rules);
  const times = { parseCpuS: 0, engineCpuS: 0 };
  let sum = 0;
  let seen = 0;
  for (const chunk of chunksOf(workload)) {
    const parseCpuS = cpuOf(() => {
      for (const { bytes } of chunk) sum += (JSON.parse(bytes.toString('utf8')) as { ts: number }).ts;
    });
    const engineCpuS = cpuOf(() => {
      for (const event of chunk) engine.take(event);
    });
    seen += chunk.length;
    if (seen <= warmUp) continue;
    times.parseCpuS += parseCpuS;
    times.engineCpuS += engineCpuS;
  }
  if (sum === 0) throw new Error('nothing was parsed');
  const { flagged, decisions } = engine;
  return { ...times, peakRssMb: usageNow().peakRssMb, flagged: [...flagged], decisions };
});
