import { type Services, startServices } from '../test/services/services.ts';

/** What all measures share: sizes, servers, and where to say what is going on. */
export interface Bench {
  /** Small sizes, one run: to see that a measure works, never for figures. */
  readonly quick: boolean;
  /** Runs that a median is taken of. */
  readonly runs: number;
  /** Kafka and Redis, started with the first measure that needs them. */
  services(): Promise<Services>;
  say(text: string): void;
}

/** A size for figures, and one to try the measure with. */
export function size(bench: Bench, full: number, quick: number): number {
  return bench.quick ? quick : full;
}

/** Runs one after the other, and says so. */
export async function repeated<T>(bench: Bench, name: string, run: (n: number) => Promise<T>): Promise<readonly T[]> {
  const results: T[] = [];
  for (let n = 1; n <= bench.runs; n++) {
    bench.say(`${name}, run ${n} of ${bench.runs}`);
    results.push(await run(n));
  }
  return results;
}

export class LazyServices {
  #services: Promise<Services> | null = null;

  get(): Promise<Services> {
    this.#services ??= startServices();
    return this.#services;
  }

  async stop(): Promise<void> {
    if (this.#services !== null) await (await this.#services).stop();
  }
}
