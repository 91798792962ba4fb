/** How long after a pushed change the store is asked, ms: one question for all that come together. */
const HINT_DELAY_MS = 20;

/** What a timer takes at most, ms; beyond it fires at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** Runs refreshes for ever, one at a time: the next begins an interval after the last one began, or soon after a hint. */
export class Poller {
  readonly #refresh: () => Promise<void>;
  readonly #intervalMs: () => number;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;
  /** True while the timer that runs is a hint's. */
  #hinted = false;

  constructor(refresh: () => Promise<void>, intervalMs: () => number) {
    this.#refresh = refresh;
    this.#intervalMs = intervalMs;
  }

  start(): void {
    if (!this.#hinted) this.#schedule(this.#intervalMs());
  }

  /** There is news: ask soon. */
  hint(): void {
    if (this.#hinted || this.#stopped) return;
    this.#hinted = true;
    this.#schedule(HINT_DELAY_MS);
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #schedule(delayMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.#run(), Math.min(delayMs, TIMER_MAX_MS));
    // A process that has nothing else to do may end.
    this.#timer.unref();
  }

  async #run(): Promise<void> {
    this.#hinted = false;
    const beganAt = performance.now();
    await this.#refresh();
    if (!this.#hinted) this.#schedule(Math.max(HINT_DELAY_MS, this.#intervalMs() - (performance.now() - beganAt)));
  }
}
