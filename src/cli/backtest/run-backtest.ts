import type { Config } from '../../daemon/config/config.ts';
import { loadConfig } from '../../daemon/config/load.ts';
import { openLog } from '../../daemon/open-ports.ts';
import { rehearsalSettings } from '../../daemon/parts.ts';
import { SentinelError } from '../../domain/errors.ts';
import type { RuleSet } from '../../domain/rule.ts';
import { loadRules } from '../../rules/load.ts';
import { checkPartitioning } from '../../rules/partitioning.ts';
import { rulesError } from '../../rules/problem.ts';
import type { Cli } from '../cli.ts';
import { configSources } from '../config-options.ts';
import { quietLogger } from '../logger.ts';
import type { ExitCode } from '../output.ts';
import type { BacktestCommandOptions } from './backtest-options.ts';
import { BacktestRun } from './backtest-run.ts';

/** Stands for the log's identity where events come from files: the same file gives the same ids. */
const FILES = 'files';

/** @throws SentinelError for wrong rules, files or configuration. */
export async function runBacktest(cli: Cli, options: BacktestCommandOptions): Promise<ExitCode> {
  const config = backtestConfig(cli, options);
  mustHaveSource(options, config);
  const rules = await rulesOf(config.rules.dir);
  const against = options.against === undefined ? null : await rulesOf(options.against);
  if (options.kafka !== true) {
    const run = new BacktestRun(cli.terminal, options, rehearsalSettings(config, FILES, 'json'), rules, against);
    return run.files(options.events ?? []);
  }
  const log = await openLog(config, quietLogger(cli.terminal.env));
  try {
    const partitions = (await log.partitions(config.topics.events)).length;
    for (const set of [rules, against ?? rules]) mustBeCountable(set, config, partitions);
    const settings = rehearsalSettings(config, await log.identity());
    return await new BacktestRun(cli.terminal, options, settings, rules, against).log(log, config.topics.events);
  } finally {
    await log.close();
  }
}

/** A backtest opens no store, so none has to be configured. */
function backtestConfig(cli: Cli, options: BacktestCommandOptions): Config {
  const sources = configSources(cli, options);
  const noStore = { flag: 'rules backtest', path: 'redis', text: 'embedded' };
  return loadConfig({ ...sources, flags: [...(sources.flags ?? []), noStore] });
}

function mustHaveSource({ events = [], kafka = false, from, to }: BacktestCommandOptions, config: Config): void {
  const usage = (text: string) => new SentinelError('usage', text);
  if (events.length === 0 && !kafka)
    throw usage('Nothing to read: name files of events with --events (- for standard input), or give --kafka.');
  if (events.length > 0 && kafka) throw usage('Give either --events or --kafka, not both.');
  if (kafka && config.kafka === null)
    throw usage(
      '--kafka reads the configured events topic, and no Kafka is configured: set --kafka-brokers or --config.',
    );
  if (from !== undefined && to !== undefined && from > to) throw usage('--from is later than --to.');
}

async function rulesOf(path: string): Promise<RuleSet> {
  const result = await loadRules([path]);
  if (result.status === 'invalid') throw rulesError(result.problems);
  return result.set;
}

/** What the daemon would refuse with this topic has no past either. */
function mustBeCountable(set: RuleSet, { partitionedBy }: Config, partitions: number): void {
  const problems = checkPartitioning(set, partitionedBy, partitions);
  if (problems.length > 0) throw rulesError(problems);
}
