import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { addConfigOptions, type ConfigOptions } from '../config-options.ts';
import { addExamples, addOutputOption, type OutputForm } from '../options.ts';

/** `sentinel state`: every tripped switch, from the store. */
export function stateCommand(program: Command, cli: Cli): void {
  const command = program
    .command('state')
    .description('Every tripped switch: who, why, since, until, and which guards enforce it.');
  addOutputOption(addConfigOptions(command));
  addExamples(command, ['sentinel state', 'sentinel state -o json']);
  command.action(async (options: ConfigOptions & { output: OutputForm }) => {
    const { showState } = await import('../show-state.ts');
    cli.exit(await showState(cli, options));
  });
}
