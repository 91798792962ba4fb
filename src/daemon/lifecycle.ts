import { messageOf } from '../domain/errors.ts';

export interface CleanUp {
  readonly name: string;
  readonly run: () => void | Promise<void>;
}

/** A clean-up that takes longer is given up: whoever asked us to stop will not wait for ever. ms */
const CLEAN_UP_MS_MAX = 12_000;

/**
 * What has been started and how it is stopped: last in, first out, each once. A clean-up that fails or hangs is reported and
 * does not keep the others from running, so half a start rolls back like a whole one.
 */
export class Lifecycle {
  readonly #cleanUps: CleanUp[] = [];
  readonly #onFailure: (name: string, message: string) => void;
  readonly #withinMs: number;
  #stopping: Promise<void> | null = null;

  constructor(onFailure: (name: string, message: string) => void, withinMs = CLEAN_UP_MS_MAX) {
    this.#onFailure = onFailure;
    this.#withinMs = withinMs;
  }

  /** Registers how something that was just started is stopped; at once when everything else has been stopped already. */
  add(name: string, run: CleanUp['run']): void {
    this.#cleanUps.push({ name, run });
    if (this.#stopping !== null) this.#stopping = this.#stopping.then(() => this.#run());
  }

  /** Idempotent: a second call waits for the first. */
  stop(): Promise<void> {
    this.#stopping ??= this.#run();
    return this.#stopping;
  }

  async #run(): Promise<void> {
    for (let next = this.#cleanUps.pop(); next !== undefined; next = this.#cleanUps.pop()) {
      try {
        await within(next.run(), this.#withinMs);
      } catch (error) {
        this.#onFailure(next.name, messageOf(error));
      }
    }
  }
}

async function within(work: void | Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${ms} ms: given up`)), ms);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
