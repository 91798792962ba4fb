import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { addExamples } from '../options.ts';
import { rulesBacktestCommand } from './backtest.ts';
import { rulesCheckCommand } from './rules-check.ts';

/** `sentinel rules …`. */
export function rulesCommand(program: Command, cli: Cli): void {
  const rules = program.command('rules').description('Check rules and prove them on past events.');
  addExamples(rules, ['sentinel rules check', 'sentinel rules backtest --rules rules --events events.ndjson']);
  rulesCheckCommand(rules, cli);
  rulesBacktestCommand(rules, cli);
}
