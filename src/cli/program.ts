import { Command, CommanderError } from 'commander';
import type { Cli } from './cli.ts';
import { auditCommand } from './commands/audit.ts';
import { configCommand } from './commands/config.ts';
import { demoCommand } from './commands/demo.ts';
import { initCommand } from './commands/init.ts';
import { killCommand } from './commands/kill.ts';
import { rearmCommand } from './commands/rearm.ts';
import { restoreCommand } from './commands/restore.ts';
import { rulesCommand } from './commands/rules.ts';
import { runCommand } from './commands/run.ts';
import { stateCommand } from './commands/state.ts';
import { statusCommand } from './commands/status.ts';
import { toolCommand } from './commands/tool.ts';
import { whyCommand } from './commands/why.ts';
import { type ExitCode, fail, type Terminal } from './output.ts';

/** Every command, in the order of `--help`. */
const COMMANDS: readonly ((program: Command, cli: Cli) => void)[] = [
  runCommand,
  demoCommand,
  configCommand,
  rulesCommand,
  initCommand,
  statusCommand,
  stateCommand,
  killCommand,
  restoreCommand,
  toolCommand,
  whyCommand,
  rearmCommand,
  auditCommand,
];

/** Runs one command line. @returns the exit code; the process may have to go on until then. */
export async function runProgram(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let code: ExitCode = 0;
  const cli: Cli = {
    terminal,
    exit: (ended) => {
      code = ended;
    },
  };
  const program = new Command('sentinel')
    .description('Watches what AI agents do and stops them: rules, kill switch, audit.')
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .showHelpAfterError('(see --help)');
  for (const add of COMMANDS) add(program, cli);
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return fail(terminal, error);
  }
}
