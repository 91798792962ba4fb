import type { ConfigOptions } from '../config-options.ts';
import type { OutputForm } from '../options.ts';

/** What the command line said. */
export interface BacktestCommandOptions extends ConfigOptions {
  readonly events?: readonly string[];
  readonly kafka?: boolean;
  /** Epoch ms. */
  readonly from?: number;
  /** Epoch ms. */
  readonly to?: number;
  readonly against?: string;
  readonly output: OutputForm;
}
