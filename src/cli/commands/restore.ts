import type { Command } from 'commander';
import { SentinelError } from '../../domain/errors.ts';
import { addLiftOptions, type LiftOptions } from '../change-options.ts';
import type { Cli } from '../cli.ts';
import { addExamples, durationOption, textOption } from '../options.ts';
import { readScope, SCOPE_ARGUMENT } from '../scope-words.ts';

interface RestoreOptions extends LiftOptions {
  readonly rule?: string;
  /** ms */
  readonly since?: number;
}

/** `sentinel restore`: lifts exactly one scope, or undoes what a rule did. */
export function restoreCommand(program: Command, cli: Cli): void {
  const command = program
    .command('restore')
    .description('Lift exactly the named scope, and say what still denies; or undo what a rule did.')
    .argument('[scope]', SCOPE_ARGUMENT)
    .argument('[id]', 'the id of the session, tenant or tool');
  addLiftOptions(command)
    .option('--rule <name>', 'every scope whose present state this rule has set …', textOption)
    .option('--since <duration>', '… within the last, e.g. 10m', durationOption);
  addExamples(command, [
    'sentinel restore session s1 --tenant acme --reason "false alarm" --hold 30m',
    'sentinel restore tenant:acme --reason "fixed in 1.2.3"',
    'sentinel restore global --reason "incident 42 is over"',
    'sentinel restore --rule EmailBurst --since 10m --reason "the rule was too strict"',
  ]);
  command.action(async (what: string | undefined, id: string | undefined, options: RestoreOptions) => {
    cli.exit(await (what === undefined ? undo(cli, options) : lift(cli, what, id, options)));
  });
}

async function lift(cli: Cli, what: string, id: string | undefined, options: RestoreOptions) {
  if (options.rule !== undefined || options.since !== undefined)
    throw new SentinelError('usage', 'name a scope, or --rule NAME with --since: not both');
  const named = readScope(what, id, options.tenant);
  const { liftNamed } = await import('../change-named.ts');
  return liftNamed(cli, named, options);
}

async function undo(cli: Cli, options: RestoreOptions) {
  const { rule, since } = options;
  if (rule === undefined || since === undefined)
    throw new SentinelError('usage', 'what is to be restored? Name a scope, or --rule NAME together with --since 10m');
  const { undoRule } = await import('../undo-rule.ts');
  return undoRule(cli, { rule, sinceMs: since }, options);
}
