import { type Problem, problemText } from '../rules/problem.ts';
import type { Cli } from './cli.ts';
import type { OutputForm } from './options.ts';
import type { ExitCode } from './output.ts';

/** All of them, as a compiler tells them. */
export function showProblems(cli: Cli, problems: readonly Problem[], output: OutputForm): ExitCode {
  if (output === 'json') cli.terminal.out(`${JSON.stringify({ valid: false, problems }, null, 2)}\n`);
  else for (const problem of problems) cli.terminal.err(`${problemText(problem)}\n`);
  return 1;
}
