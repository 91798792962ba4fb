import type { Command } from 'commander';
import { addLiftOptions, addStopOptions, type LiftOptions, type StopOptions } from '../change-options.ts';
import type { Cli } from '../cli.ts';
import { addExamples } from '../options.ts';
import { readScope } from '../scope-words.ts';

const PATTERN = 'the name of a tool, or a glob like email.*';

/** `sentinel tool disable|enable`. */
export function toolCommand(program: Command, cli: Cli): void {
  const tool = program.command('tool').description('Disable and enable tools, for everybody or for one tenant.');
  addExamples(tool, [
    'sentinel tool disable email.send --tenant acme --reason "sends to strangers"',
    'sentinel tool enable email.send --tenant acme --reason "fixed"',
  ]);
  const disable = tool.command('disable').description('Deny every call of a tool.').argument('<pattern>', PATTERN);
  addExamples(addStopOptions(disable), [
    'sentinel tool disable email.send --tenant acme --reason "sends to strangers"',
    'sentinel tool disable "ticket.*" --ttl 30m',
  ]);
  disable.action(async (pattern: string, options: StopOptions) => {
    const { stopNamed } = await import('../change-named.ts');
    cli.exit(await stopNamed(cli, readScope('tool', pattern, options.tenant), options));
  });
  const enable = tool
    .command('enable')
    .description('Lift a disabled tool: exactly the pattern that was disabled.')
    .argument('<pattern>', PATTERN);
  addExamples(addLiftOptions(enable), ['sentinel tool enable email.send --tenant acme --reason "fixed"']);
  enable.action(async (pattern: string, options: LiftOptions) => {
    const { liftNamed } = await import('../change-named.ts');
    cli.exit(await liftNamed(cli, readScope('tool', pattern, options.tenant), options));
  });
}
