import { messageOf } from '../domain/errors.ts';

export interface CleanUp {
  readonly name: string;
  readonly run: () => void | Promise<void>;
}

/**
 * What has been started and how it is stopped: last in, first out, each once. A clean-up that fails is reported and does not keep the
 * others from running, so half a start rolls back like a whole one.
 */
export class Lifecycle {
  readonly #cleanUps: CleanUp[] = [];
  readonly #onFailure: (name: string, message: string) => void;
  #stopping: Promise<void> | null = null;

  constructor(onFailure: (name: string, message: string) => void) {
    this.#onFailure = onFailure;
  }

  /** Registers how something is stopped; returns it for use. */
  add(name: string, run: CleanUp['run']): void {
    this.#cleanUps.push({ name, run });
  }

  /** Idempotent: a second call waits for the first. */
  stop(): Promise<void> {
    this.#stopping ??= this.#run();
    return this.#stopping;
  }

  async #run(): Promise<void> {
    for (let next = this.#cleanUps.pop(); next !== undefined; next = this.#cleanUps.pop()) {
      try {
        await next.run();
      } catch (error) {
        this.#onFailure(next.name, messageOf(error));
      }
    }
  }
}
