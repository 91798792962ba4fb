import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { addConfigOptions, type ConfigOptions } from '../config-options.ts';
import { addExamples, addOutputOption, type OutputForm, textOption } from '../options.ts';
import { SCOPE_ARGUMENT } from '../scope-words.ts';

/** `sentinel why`: what tripped a scope, from the store alone, and what helps. */
export function whyCommand(program: Command, cli: Cli): void {
  const command = program
    .command('why')
    .description('Why a scope is stopped: rule, measure, value, threshold, events; and the commands that help.')
    .argument('<scope-or-decision>', `${SCOPE_ARGUMENT}; or a decision id`)
    .argument('[id]', 'the id of the session, tenant or tool')
    .option('--tenant <id>', 'the tenant of a session or a tool', textOption);
  addOutputOption(addConfigOptions(command));
  addExamples(command, ['sentinel why session s1 --tenant acme', 'sentinel why tenant:acme -o json']);
  command.action(
    async (what: string, id: string | undefined, options: ConfigOptions & { tenant?: string; output: OutputForm }) => {
      const { explainWhy } = await import('../explain-why.ts');
      cli.exit(await explainWhy(cli, { what, id }, options));
    },
  );
}
