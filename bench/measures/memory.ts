import { rootPath, runTask } from '../child.ts';
import { atMost, type Figure, figureOf, median } from '../figure.ts';
import type { Measure } from '../measure.ts';
import { type Bench, repeated, size } from '../services.ts';
import type { MemoryInput, MemoryResult } from '../tasks/memory.ts';
import { SOME_DAY } from '../workload.ts';

/** All that is kept, ids and windows included, over the sessions that are active then. */
export const memory: Measure = {
  name: 'memory',
  about: 'bytes per active session with the five rules',
  async run(bench) {
    const few = await weigh(bench, size(bench, 1_000_000, 60_000), size(bench, 100_000, 6_000));
    // Half an hour of event time: then sessions begin to end.
    const many = await weigh(bench, size(bench, 3_600_000, 60_000), size(bench, 1_000_000, 60_000));
    return [few, many];
  },
};

async function weigh(bench: Bench, events: number, sessions: number): Promise<Figure> {
  const input: MemoryInput = { rules: rootPath('bench/rules'), workload: { events, sessions, startMs: SOME_DAY } };
  const runs = await repeated(bench, `memory, ${sessions} sessions`, () =>
    runTask<MemoryResult>('tasks/memory', input, ['--expose-gc']),
  );
  const values = runs.map(({ bytes, activeSessions, rssMb }) => ({ value: bytes / activeSessions, memoryMb: rssMb }));
  const each = median(values.map(({ value }) => value));
  const { activeSessions, stateBytes } = runs[0]!;
  return figureOf(
    {
      ...{ measure: 'memory', subject: 'sentinel', what: 'bytes per active session' },
      workload: { events, sessions, batch: null, rules: 'five' },
      goals: [atMost('reach', 600, ' bytes', each), atMost('aim', 250, ' bytes', each)],
      notes: `${activeSessions} sessions active of ${sessions}; the engine's own count is ${Math.round(stateBytes / activeSessions)} bytes each, without ids`,
    },
    values,
  );
}
