import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { addConfigOptions, type ConfigOptions, configOf } from '../config-options.ts';
import { count } from '../format.ts';
import { addExamples, addOutputOption, type OutputForm } from '../options.ts';
import { showProblems } from '../show-problems.ts';

/** `sentinel rules check`: every error of a rule set, with its place. */
export function rulesCheckCommand(rules: Command, cli: Cli): void {
  const command = rules
    .command('check')
    .description('Check rules: every error with file:line:column and what was expected; exit 1 where there is one.')
    .argument('[path...]', 'files and folders (default: the configured rules folder)');
  addOutputOption(addConfigOptions(command));
  addExamples(command, ['sentinel rules check', 'sentinel rules check rules/email-burst.yaml -o json']);
  command.action(async (paths: string[], options: ConfigOptions & { output: OutputForm }) => {
    cli.exit(await check(cli, paths, options));
  });
}

async function check(cli: Cli, given: readonly string[], options: ConfigOptions & { output: OutputForm }) {
  const config = configOf(cli, options);
  const paths = given.length === 0 ? [config.rules.dir] : given;
  const { loadRules } = await import('../../rules/load.ts');
  const { checkPartitioning } = await import('../../rules/partitioning.ts');
  const result = await loadRules(paths);
  if (result.status === 'invalid') return showProblems(cli, result.problems, options.output);
  // The embedded log has one partition; how many Kafka has is not asked for here.
  const partitions = config.kafka === null ? 1 : null;
  const problems = checkPartitioning(result.set, config.partitionedBy, partitions);
  if (problems.length > 0) return showProblems(cli, problems, options.output);
  const { set } = result;
  const told = { valid: true, rules: set.rules.length, groups: set.groups.length, hash: set.hash };
  if (options.output === 'json') cli.terminal.out(`${JSON.stringify({ ...told, problems: [] }, null, 2)}\n`);
  else
    cli.terminal.out(
      `${paths.join(' ')}: ${count(told.rules, 'rule')} in ${count(told.groups, 'group')}, all valid (set ${set.hash})\n`,
    );
  return 0;
}
