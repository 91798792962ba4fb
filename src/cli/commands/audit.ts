import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { addConfigOptions } from '../config-options.ts';
import { addExamples, addOutputOption, numberOption } from '../options.ts';
import type { TailOptions } from '../tail-audit.ts';

/** `sentinel audit tail`: the newest records of the audit topic. */
export function auditCommand(program: Command, cli: Cli): void {
  const audit = program.command('audit').description('Read the audit topic.');
  addExamples(audit, ['sentinel audit tail -n 50']);
  const command = audit
    .command('tail')
    .description('The newest audit records, a line each; -o json: the records themselves, one per line.')
    .option('-n, --lines <count>', 'how many', numberOption(0, 1_000_000), 20)
    .option('-f, --follow', 'go on with what comes, until interrupted');
  addOutputOption(addConfigOptions(command));
  addExamples(command, ['sentinel audit tail -n 50', 'sentinel audit tail --follow -o json']);
  command.action(async (options: TailOptions) => {
    const { tailAudit } = await import('../tail-audit.ts');
    cli.exit(await tailAudit(cli, options));
  });
}
