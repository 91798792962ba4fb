import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { addConfigOptions, type ConfigOptions } from '../config-options.ts';
import { addExamples, textOption } from '../options.ts';

/** `sentinel rearm`: automation acts again after a limit held it. */
export function rearmCommand(program: Command, cli: Cli): void {
  const command = program
    .command('rearm')
    .description('Let automation act again after one of its limits tripped; all of them where none is named.')
    .argument('[name]', 'a tripped limit, as "sentinel status" names it')
    .option('--as <name>', 'who acts (default: user@host)', textOption);
  addExamples(addConfigOptions(command), ['sentinel rearm', 'sentinel rearm share']);
  command.action(async (name: string | undefined, options: ConfigOptions & { as?: string }) => {
    const { rearm } = await import('../rearm.ts');
    cli.exit(await rearm(cli, name ?? null, options));
  });
}
