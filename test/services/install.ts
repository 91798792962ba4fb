/** What a machine may lack: looking for programs, and installing them with apt-get where that is possible. */
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const LONGEST_COMMAND_MS = 15 * 60_000;

export function note(text: string): void {
  process.stderr.write(`services: ${text}\n`);
}

/** Says what takes its time, does it, and says how long it took. */
export async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  note(`${what} …`);
  const began = performance.now();
  const result = await work();
  note(`${what}: done in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  return result;
}

export function onPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => isExecutable(join(folder, program)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Runs a command to its end and returns what it printed, on either stream; an error carries the last lines of it. */
export async function run(command: string, args: readonly string[], cwd?: string): Promise<string> {
  try {
    const { stdout, stderr } = await execute(command, args, {
      ...(cwd === undefined ? {} : { cwd }),
      timeout: LONGEST_COMMAND_MS,
      maxBuffer: 64 * 1024 * 1024,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    return stdout + stderr;
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string };
    const said = `${stdout}${stderr}`.trim().split('\n').slice(-10).join('\n');
    throw new Error(`\`${[command, ...args].join(' ')}\` failed: ${said || message}`);
  }
}

/**
 * Installs the first of these package lists that the machine's distribution has.
 * Debian and Ubuntu releases differ in which Java they carry, hence a choice.
 */
export async function aptInstall(...choices: readonly (readonly string[])[]): Promise<void> {
  const asRoot = await rootPrefix();
  await timed('refreshing the list of packages (apt-get update)', () => apt(asRoot, ['update']));
  let failure: unknown;
  for (const packages of choices) {
    try {
      await timed(`installing ${packages.join(' and ')} (apt-get install)`, () =>
        apt(asRoot, ['install', '-y', '--no-install-recommends', ...packages]),
      );
      return;
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

/** A package may start its service as soon as it is installed; nobody asked for that. */
export async function stopSystemService(service: string, pidFile: string): Promise<void> {
  const asRoot = await rootPrefix();
  if (existsSync('/run/systemd/system')) await runAs(asRoot, 'systemctl', ['disable', '--now', service]);
  else if (existsSync(pidFile)) await runAs(asRoot, 'service', [service, 'stop']);
}

async function rootPrefix(): Promise<readonly string[]> {
  if (!onPath('apt-get')) throw new Error('there is no apt-get on this machine');
  if (process.getuid?.() === 0) return [];
  if (!onPath('sudo')) throw new Error('apt-get needs root, and there is no sudo');
  await run('sudo', ['-n', 'true']).catch(() => {
    throw new Error('apt-get needs root, and sudo asks for a password');
  });
  return ['sudo', '-n'];
}

function runAs(prefix: readonly string[], command: string, args: readonly string[]): Promise<string> {
  const [first = command, ...rest] = [...prefix, command, ...args];
  return run(first, rest);
}

/** apt-get waits for dpkg's lock by itself, but not for the one of the package lists. */
async function apt(asRoot: readonly string[], args: readonly string[]): Promise<void> {
  const options = [
    '-q',
    '-o',
    'DPkg::Lock::Timeout=300',
    '-o',
    'Acquire::Retries=2',
    '-o',
    'Acquire::http::Timeout=30',
  ];
  for (let attempt = 1; ; attempt++) {
    try {
      await runAs(asRoot, 'apt-get', [...options, ...args]);
      return;
    } catch (error) {
      if (attempt === 60 || !/could not get lock/i.test((error as Error).message)) throw error;
      await pause(2000);
    }
  }
}
