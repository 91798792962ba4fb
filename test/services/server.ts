/**
 * One server process of ours: stopped → starting → ready → (killed | stopped) → starting …
 *
 * `start` resolves only when the server answered and is really ours; `kill` is kill -9 and keeps port and directory,
 * so that `start` brings the same server back; `stop` ends it for good and removes its directory. Both are idempotent.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hold } from './leash.ts';
import { until } from './poll.ts';

export interface ServerSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The server's own temporary directory; its output goes to `server.log` in it. */
  readonly dir: string;
  /** Does the server answer, and is it the process with this id? May throw while it does not. */
  readonly ready: (pid: number) => Promise<boolean>;
  readonly readyWithinMs: number;
}

export interface Server {
  /** Undefined while it is not running. */
  pid(): number | undefined;
  start(): Promise<void>;
  kill(): Promise<void>;
  stop(): Promise<void>;
}

export function server(spec: ServerSpec): Server {
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    if (isRunning(child)) return;
    const started = launch(spec);
    child = started;
    await new Promise<void>((resolve, reject) => started.once('spawn', resolve).once('error', reject));
    const answered = await until(
      async () => !isRunning(started) || (await spec.ready(started.pid as number)),
      spec.readyWithinMs,
    );
    if (answered && isRunning(started)) return;
    await kill();
    throw new Error(`${spec.name} ${answered ? 'ended' : 'did not answer'} while starting. ${endOfLog(spec.dir)}`);
  }

  async function kill(): Promise<void> {
    const running = child;
    if (!isRunning(running)) return;
    const gone = new Promise((resolve) => running.once('exit', resolve));
    running.ref(); // else a process with nothing else to do would end here, and silently
    running.kill('SIGKILL');
    await gone;
  }

  async function stop(): Promise<void> {
    await kill();
    rmSync(spec.dir, { recursive: true, force: true, maxRetries: 5 });
  }

  return { pid: () => (isRunning(child) ? child.pid : undefined), start, kill, stop };
}

function launch({ command, args, dir }: ServerSpec): ChildProcess {
  const log = openSync(join(dir, 'server.log'), 'a');
  // A process group of its own: Ctrl-C is for us, and what we started ends in the order that we choose.
  const child = spawn(command, args, { cwd: dir, detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  hold(child);
  child.unref();
  return child;
}

function isRunning(child: ChildProcess | undefined): child is ChildProcess {
  return child?.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

function endOfLog(dir: string): string {
  const lines = readFileSync(join(dir, 'server.log'), 'utf8').trimEnd().split('\n');
  return `The end of its log:\n${lines.slice(-15).join('\n')}`;
}
