import type { Clock } from '../ports/clock.ts';
import { type Measured, measurePipeline, measureStore, tellActiveSessions } from './gauges.ts';
import type { Job } from './schedule.ts';
import type { SelfReport } from './self-report.ts';
import type { StoreKeeper } from './store-keeper.ts';

export interface JobParts {
  readonly keeper: StoreKeeper;
  readonly measured: Measured;
  readonly report: SelfReport;
  readonly partitionedBy: 'tenant' | 'session';
  readonly clock: Clock;
}

/** What the daemon does by the clock, besides reading. */
export function jobsOf({ keeper, measured, report, partitionedBy, clock }: JobParts): readonly Job[] {
  const { pipeline } = measured;
  return [
    { name: 'expiry', every: '*/1 * * * * *', run: async () => void (await keeper.expire(clock.now())) },
    { name: 'adoption', every: '*/5 * * * * *', run: async () => report.lost(await keeper.adoptAll()) },
    { name: 'sweep', every: '0 7 * * * *', run: () => keeper.sweep() },
    { name: 'active sessions', every: '*/5 * * * * *', run: () => tellActiveSessions(measured) },
    { name: 'ends', every: '*/3 * * * * *', run: () => pipeline.lookAtEnds() },
    { name: 'pipeline gauges', every: '*/2 * * * * *', run: async () => measurePipeline(measured) },
    { name: 'store gauges', every: '*/2 * * * * *', run: () => measureStore(measured) },
    { name: 'limits', every: '*/2 * * * * *', run: async () => report.limits(await keeper.limits()) },
    {
      name: 'partitioning',
      every: '*/10 * * * * *',
      run: async () => report.partitioning(pipeline, partitionedBy),
    },
  ];
}
