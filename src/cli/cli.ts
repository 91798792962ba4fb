import type { ExitCode, Terminal } from './output.ts';

/** What every command gets: where to write, and how to end. */
export interface Cli {
  readonly terminal: Terminal;
  /** The exit code of the process, once the command is over. */
  readonly exit: (code: ExitCode) => void;
}
