/** What the state of many sessions weighs. Needs `--expose-gc`. */
import { setImmediate as turn } from 'node:timers/promises';
import { SentinelInProcess } from '../sentinel.ts';
import { type WorkloadOptions, workload } from '../workload.ts';
import { task } from './task.ts';

export interface MemoryInput {
  readonly rules: string;
  readonly workload: WorkloadOptions;
}

export interface MemoryResult {
  /** Heap, buffers and typed arrays, after collection. */
  readonly bytes: number;
  readonly activeSessions: number;
  readonly stateBytes: number;
  readonly rssMb: number;
}

/** Buffers are let go of a turn later than what held them. */
async function weight(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await turn();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

await task<MemoryInput, MemoryResult>(async ({ rules, workload: options }) => {
  const events = workload(options);
  const first = events.next();
  const before = await weight();
  const sentinel = await SentinelInProcess.open(rules);
  if (!first.done) sentinel.take(first.value);
  for (const event of events) sentinel.take(event);
  const bytes = (await weight()) - before;
  const { activeSessions, stateBytes } = sentinel.engine.stats;
  return { bytes, activeSessions, stateBytes, rssMb: process.memoryUsage.rss() / 1024 ** 2 };
});
