import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { addConfigOptions, type ConfigOptions } from '../config-options.ts';
import { addExamples, addOutputOption, type OutputForm } from '../options.ts';

/** `sentinel status`: is everything there, and does it keep up. */
export function statusCommand(program: Command, cli: Cli): void {
  const command = program
    .command('status')
    .description('Health and lag: daemon, store, log, relay, limits, guards; exit 1 where something is not well.');
  addOutputOption(addConfigOptions(command));
  addExamples(command, ['sentinel status', 'sentinel status -o json']);
  command.action(async (options: ConfigOptions & { output: OutputForm }) => {
    const { showStatus } = await import('../show-status.ts');
    cli.exit(await showStatus(cli, options));
  });
}
