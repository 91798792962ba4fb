import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import type { Cli } from './cli.ts';
import { addExamples } from './options.ts';
import { type ExitCode, fail, type Terminal } from './output.ts';

type Register = (program: Command, cli: Cli) => void;

/** Every command, in the order of `--help`. Only the one that is asked for is loaded: a kill must not wait for the rest. */
const COMMANDS: Readonly<Record<string, () => Promise<Register>>> = {
  run: async () => (await import('./commands/run.ts')).runCommand,
  demo: async () => (await import('./commands/demo.ts')).demoCommand,
  config: async () => (await import('./commands/config.ts')).configCommand,
  rules: async () => (await import('./commands/rules.ts')).rulesCommand,
  init: async () => (await import('./commands/init.ts')).initCommand,
  status: async () => (await import('./commands/status.ts')).statusCommand,
  state: async () => (await import('./commands/state.ts')).stateCommand,
  kill: async () => (await import('./commands/kill.ts')).killCommand,
  restore: async () => (await import('./commands/restore.ts')).restoreCommand,
  tool: async () => (await import('./commands/tool.ts')).toolCommand,
  why: async () => (await import('./commands/why.ts')).whyCommand,
  rearm: async () => (await import('./commands/rearm.ts')).rearmCommand,
  audit: async () => (await import('./commands/audit.ts')).auditCommand,
};

const EXAMPLES = [
  'sentinel demo --once',
  'sentinel run --rules node_modules/agent-sentinel/rules',
  'sentinel status',
  'sentinel kill session s1 --tenant acme --reason "writes to strangers"',
  'sentinel why session:acme:s1',
  'sentinel restore session s1 --tenant acme --reason "false alarm" --hold 30m',
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
    .version(version())
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .showHelpAfterError('(see --help)');
  addExamples(program, EXAMPLES);
  for (const load of loadersFor(args[0])) (await load())(program, cli);
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return fail(terminal, error);
  }
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** The one command, or all where help is asked for or the word is no command. */
function loadersFor(word: string | undefined): readonly (() => Promise<Register>)[] {
  const one = word !== undefined && Object.hasOwn(COMMANDS, word) ? COMMANDS[word] : undefined;
  return one === undefined ? Object.values(COMMANDS) : [one];
}
