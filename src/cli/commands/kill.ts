import type { Command } from 'commander';
import { addModeOption, addStopOptions, type StopOptions } from '../change-options.ts';
import type { Cli } from '../cli.ts';
import { addExamples } from '../options.ts';
import { readScope, SCOPE_ARGUMENT } from '../scope-words.ts';

/** `sentinel kill`: stops a session, a tenant or everything, on the store itself. */
export function killCommand(program: Command, cli: Cli): void {
  const command = program
    .command('kill')
    .description('Stop a session, a tenant or everything. Works on the store, with or without a daemon.')
    .argument('<scope>', SCOPE_ARGUMENT)
    .argument('[id]', 'the id of the session, tenant or tool');
  addModeOption(addStopOptions(command));
  addExamples(command, [
    'sentinel kill session s1 --tenant acme --reason "writes to strangers"',
    'sentinel kill tenant acme --mode stop_all --ttl 30m',
    'sentinel kill session:acme:s1 --in-flight finish',
    'sentinel kill global --reason "incident 42"',
  ]);
  command.action(async (what: string, id: string | undefined, options: StopOptions) => {
    const named = readScope(what, id, options.tenant);
    const { stopNamed } = await import('../change-named.ts');
    cli.exit(await stopNamed(cli, named, options));
  });
}
