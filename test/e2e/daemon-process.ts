import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { hold } from '../services/leash.ts';

/** What node is to run: sentinel as it stands in the tree, or as it was last built, which starts sooner. */
export const FROM_SOURCE = ['--import', 'tsx', new URL('../../src/cli/main.ts', import.meta.url).pathname];
export const BUILT = [new URL('../../dist/cli/main.js', import.meta.url).pathname];

/** The daemon as a process of its own, as in production. */
export interface DaemonProcess {
  readonly pid: number;
  /** Of its API. */
  readonly url: string;
  /** What it logged, one JSON object a line. */
  readonly log: readonly Record<string, unknown>[];
  /** What it told people on stderr. */
  readonly errors: () => string;
  /** kill -9. Resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM. @returns the exit code */
  stop(): Promise<number | null>;
  signal(name: NodeJS.Signals): void;
  readonly exited: Promise<number | null>;
}

export interface Readiness {
  readonly ready: boolean;
  readonly problems: Readonly<Record<string, string>>;
  readonly notices: Readonly<Record<string, string>>;
}

export async function readiness({ url }: DaemonProcess): Promise<Readiness> {
  return (await (await fetch(`${url}/readyz`)).json()) as Readiness;
}

/** A metric's samples, by their labels as they are written. */
export async function metric({ url }: DaemonProcess, name: string): Promise<Record<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  return Object.fromEntries(
    lines.map((line) => [line.slice(name.length, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
  );
}

/** Starts `sentinel run` and waits until its API listens. */
export async function startDaemon(
  args: readonly string[],
  env: Record<string, string> = {},
  program = FROM_SOURCE,
): Promise<DaemonProcess> {
  const child = start([...program, 'run', '--port', '0', ...args], env);
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const log: Record<string, unknown>[] = [];
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk.toString('utf8');
  });
  const url = await listening(child, log, exited, () => errors);
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal);
    return exited;
  };
  return {
    pid: child.pid!,
    url,
    log,
    errors: () => errors,
    exited,
    signal: (name) => void child.kill(name),
    stop: () => end('SIGTERM'),
    kill: async () => void (await end('SIGKILL')),
  };
}

/** Any other command, to its end. */
export async function runCommand(
  args: readonly string[],
  program = FROM_SOURCE,
): Promise<{ readonly code: number | null; readonly told: string }> {
  // No daemon of another test must be asked: nothing listens on port 1.
  const child = start([...program, ...args], { SENTINEL_HTTP_PORT: '1' });
  let told = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      told += chunk.toString('utf8');
    });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, told };
}

function start(args: readonly string[], env: Record<string, string>): ChildProcess {
  const child = spawn(process.execPath, args, {
    env: { ...withoutServices(process.env), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  hold(child);
  return child;
}

/** Where it listens, by its own log. */
function listening(
  child: ChildProcess,
  log: Record<string, unknown>[],
  exited: Promise<number | null>,
  errors: () => string,
): Promise<string> {
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const entry = JSON.parse(line) as Record<string, unknown>;
      log.push(entry);
      if (entry.msg === 'listening') resolve(String(entry.url));
    });
    void exited.then((code) => reject(new Error(`the daemon ended with ${code}: ${errors()}`)));
  });
}

/** The services that a test names itself must not be overridden from outside. */
function withoutServices(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { KAFKA_BROKERS: _brokers, REDIS_URL: _redis, SENTINEL_DIR: _dir, ...rest } = env;
  return rest;
}
