import { setTimeout as pause } from 'node:timers/promises';

/** Asks until the answer is yes; false when it was not within the time. A question that throws is a no. */
export async function until(
  question: () => boolean | Promise<boolean>,
  withinMs: number,
  everyMs = 20,
): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    if (await Promise.resolve(question()).catch(() => false)) return true;
    if (performance.now() > deadline) return false;
    await pause(everyMs);
  }
}
