import cron, { type ScheduledTask } from 'node-cron';
import { messageOf } from '../domain/errors.ts';

/** Scheduled work: what, how often (cron with seconds), and what to do. */
export interface Job {
  readonly name: string;
  readonly every: string;
  readonly run: () => Promise<void>;
}

/** Our log is one JSON object a line; what node-cron has to say (a time that was missed) changes nothing. */
const nothing = (): void => {};
const SILENT = { info: nothing, warn: nothing, error: nothing, debug: nothing };

/**
 * Runs jobs on their schedules, never one twice at a time. A job that fails runs again at its next time; it is reported when
 * it fails in another way than before.
 * @returns stops all of them.
 */
export function schedule(
  jobs: readonly Job[],
  onFailure: (name: string, message: string) => void,
): () => Promise<void> {
  const said = new Map<string, string>();
  const report = (name: string, message: string): void => {
    if (said.get(name) !== message) onFailure(name, message);
    said.set(name, message);
  };
  const tasks: ScheduledTask[] = jobs.map(({ name, every, run }) =>
    cron.schedule(
      every,
      async () => {
        try {
          await run();
        } catch (error) {
          report(name, messageOf(error));
        }
      },
      { name, noOverlap: true, logger: SILENT },
    ),
  );
  return async () => {
    for (const task of tasks) await task.destroy();
  };
}
