import type { Command } from 'commander';
import type { Config } from '../../daemon/config/config.ts';
import type { Cli } from '../cli.ts';
import { addConfigOptions, type ConfigOptions, configSources } from '../config-options.ts';
import { addExamples, addOutputOption, type OutputForm } from '../options.ts';
import { showProblems } from '../show-problems.ts';

/** `sentinel config check`: every error of the configuration, with its place; and whether the rules that it names are there. */
export function configCommand(program: Command, cli: Cli): void {
  const config = program.command('config').description('Check the configuration.');
  addExamples(config, ['sentinel config check']);
  const command = config
    .command('check')
    .description('Check file, environment and flags together: every error with its place; exit 1 where there is one.');
  addOutputOption(addConfigOptions(command));
  addExamples(command, ['sentinel config check --config sentinel.yaml', 'sentinel config check -o json']);
  command.action(async (options: ConfigOptions & { output: OutputForm }) => {
    const { checkConfig } = await import('../../daemon/config/load.ts');
    const result = checkConfig({ ...configSources(cli, options), withFiles: true });
    if (result.status === 'invalid') return cli.exit(showProblems(cli, result.problems, options.output));
    // That there are rules is part of it; whether they are right, `rules check` tells.
    const { readSources } = await import('../../rules/load.ts');
    const { problems } = await readSources([result.config.rules.dir]);
    if (problems.length > 0) return cli.exit(showProblems(cli, problems, options.output));
    const effective = withoutSecrets(result.config);
    if (options.output === 'json')
      cli.terminal.out(`${JSON.stringify({ valid: true, problems: [], config: effective }, null, 2)}\n`);
    else
      cli.terminal.out(
        `${result.file ?? 'no sentinel.yaml, defaults and environment'}: valid; ${summary(effective)}\n`,
      );
  });
}

function summary({ kafka, redis, embedded, rules }: Config): string {
  const log = kafka === null ? `embedded ${embedded.dir}` : `Kafka ${kafka.brokers.join(',')}`;
  return `log ${log}, store ${redis === null ? `embedded ${embedded.dir}` : redis.url}, rules ${rules.dir}`;
}

/** What may be shown: a password is told to be there, never what it is. */
function withoutSecrets(config: Config): Config {
  const { kafka, redis } = config;
  return {
    ...config,
    kafka: kafka?.sasl == null ? kafka : { ...kafka, sasl: { ...kafka.sasl, password: '***' } },
    redis: redis && { ...redis, url: redis.url.replace(/\/\/([^/]*)@/, '//***@') },
  };
}
