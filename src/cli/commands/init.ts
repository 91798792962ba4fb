import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { addConfigOptions, type ConfigOptions } from '../config-options.ts';
import { addExamples } from '../options.ts';

/** `sentinel init`: makes a store complete without a daemon. */
export function initCommand(program: Command, cli: Cli): void {
  const command = program
    .command('init')
    .description(
      'Make a new, wiped or half rebuilt store complete from agent.kill-state, as the daemon does at its start.',
    );
  addExamples(addConfigOptions(command), ['sentinel init']);
  command.action(async (options: ConfigOptions) => {
    const { initialise } = await import('../initialise.ts');
    cli.exit(await initialise(cli, options));
  });
}
