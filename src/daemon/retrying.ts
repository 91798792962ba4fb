import { setTimeout as sleep } from 'node:timers/promises';
import { isRetryable, messageOf } from '../domain/errors.ts';

const FIRST_MS = 200;
const LONGEST_MS = 5_000;
/** That a first attempt takes its time is told before it ends: it may be work, or somebody who answers nothing. */
const SLOW_MS = 3_000;

/**
 * Tries again, ever more slowly, while the failure is one that is waited for: at a start what may heal by itself. `report` is told
 * what it waits for, and null when it works. Rejects at once on other failures, and when aborted.
 */
export async function retrying<T>(
  attempt: () => Promise<T>,
  signal: AbortSignal,
  report: (message: string | null) => void,
  waitsFor: (error: unknown) => boolean = isRetryable,
): Promise<T> {
  const slow = setTimeout(() => report(`still under way after ${SLOW_MS / 1_000} s`), SLOW_MS);
  try {
    for (let wait = FIRST_MS; ; wait = Math.min(wait * 2, LONGEST_MS)) {
      signal.throwIfAborted();
      try {
        const result = await attempt();
        report(null);
        return result;
      } catch (error) {
        clearTimeout(slow);
        report(messageOf(error));
        if (!waitsFor(error)) throw error;
        await sleep(wait, undefined, { signal });
      }
    }
  } finally {
    clearTimeout(slow);
  }
}
