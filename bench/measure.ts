import type { Figure } from './figure.ts';
import type { Bench } from './services.ts';

/** One row of the table: how it is measured. */
export interface Measure {
  readonly name: string;
  readonly about: string;
  run(bench: Bench): Promise<readonly Figure[]>;
}
