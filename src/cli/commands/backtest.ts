import { type Command, InvalidArgumentError } from 'commander';
import { parseTime } from '../../rehearsal/positioned-line.ts';
import type { BacktestCommandOptions } from '../backtest/backtest-options.ts';
import type { Cli } from '../cli.ts';
import { addConfigOptions } from '../config-options.ts';
import { addExamples, addOutputOption } from '../options.ts';

const NOTES = `
A file has one event per line, or lines {"partition","offset","appended_at","event"} with an event's place in a log; gzip is
unpacked whatever the name is. An event without a place was appended at its ts. Several files are read one after the other, as
given: they are not merged by time. Every decision is taken as applied; nothing is stopped and no store is opened.
What -o json prints are audit records; without it, tables. Lines that are no events are counted on stderr.`;

/** `sentinel rules backtest`: what rules would have done about past events. */
export function rulesBacktestCommand(rules: Command, cli: Cli): void {
  const command = rules
    .command('backtest')
    .description('Run rules over past events: what would have fired, on whom, at which event, how many actions.')
    .option('--events <file...>', 'files of events, - for standard input')
    .option('--kafka', 'read the configured events topic to its present end')
    .option('--from <time>', 'leave out what was appended before (RFC 3339 or epoch ms)', timeOption)
    .option('--to <time>', 'leave out what was appended later, and let time go on to there', timeOption)
    .option('--against <folder>', 'show the difference to the decisions of these rules');
  addOutputOption(addConfigOptions(command));
  addExamples(command, [
    'sentinel rules backtest --rules rules --events events.ndjson',
    'sentinel rules backtest --events monday.ndjson.gz tuesday.ndjson.gz --from 2026-11-02T08:00:00Z',
    'sentinel rules backtest --rules new-rules --against rules --events events.ndjson -o json',
  ]);
  command.addHelpText('after', NOTES);
  command.action(async (options: BacktestCommandOptions) => {
    const { runBacktest } = await import('../backtest/run-backtest.ts');
    cli.exit(await runBacktest(cli, options));
  });
}

function timeOption(text: string): number {
  const time = /^\d{1,15}$/.test(text) ? Number(text) : parseTime(text);
  if (Number.isNaN(time))
    throw new InvalidArgumentError('Expected a time like 2026-11-02T08:00:00Z, or milliseconds since 1970.');
  return time;
}
