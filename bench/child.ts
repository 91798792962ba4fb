import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { hold } from '../test/services/leash.ts';
import type { ProbeAnswer, ProbeRequest, Usage } from './probe.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Measured code runs as the compiler writes it, not as a loader transforms it. */
const BUILT = `${ROOT}.cache/bench/js/bench/`;
const PROBE = `${BUILT}probe.js`;

export interface ChildOptions {
  readonly nodeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Its standard output is for us; otherwise nobody's. */
  readonly onOutput?: (chunk: Buffer) => void;
}

/** A process that is measured. It dies with us. */
export class Child {
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;
  #errors = '';

  constructor(script: string, args: readonly string[], { nodeArgs = [], env = {}, onOutput }: ChildOptions = {}) {
    this.#child = spawn(process.execPath, [...nodeArgs, '--import', PROBE, script, ...args], {
      cwd: ROOT,
      env: { ...withoutServices(process.env), ...env },
      stdio: ['ignore', onOutput === undefined ? 'ignore' : 'pipe', 'pipe', 'ipc'],
    });
    hold(this.#child);
    this.exited = new Promise((resolve) => this.#child.once('exit', (code) => resolve(code)));
    if (onOutput !== undefined) this.#child.stdout?.on('data', onOutput);
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString('utf8')).slice(-4_000);
    });
  }

  /** The end of what it told people on stderr. */
  get errors(): string {
    return this.#errors;
  }

  /** The next message that has this member. Rejects when the process ends before. */
  next<T>(name: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const take = (message: Record<string, unknown>): void => {
        if (!(name in message)) return;
        this.#child.off('message', take);
        resolve(message[name] as T);
      };
      this.#child.on('message', take);
      void this.exited.then((code) => reject(new Error(`a measured process ended with ${code}: ${this.#errors}`)));
    });
  }

  send(message: object): void {
    this.#child.send(message);
  }

  /** Sends a message and waits for the next one that has this member. */
  ask<T>(message: object, name: string): Promise<T> {
    const answer = this.next<T>(name);
    this.send(message);
    return answer;
  }

  usage(): Promise<Usage> {
    return this.ask<ProbeAnswer['usage']>({ probe: 'usage' } satisfies ProbeRequest, 'usage');
  }

  /** Begins to watch for stops of its loop; `usage` tells the longest. */
  watch(): void {
    this.send({ probe: 'watch' } satisfies ProbeRequest);
  }

  /** SIGTERM. @returns the exit code */
  async stop(): Promise<number | null> {
    this.#child.kill('SIGTERM');
    return this.exited;
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }
}

/** A task of ours or a baseline, by its path below bench/ without the extension. */
export function startTask(name: string, input: object, options: ChildOptions = {}): Child {
  return new Child(`${BUILT}${name}.js`, [JSON.stringify(input)], options);
}

/** Runs a task to its end. @returns what it reports */
export async function runTask<T>(name: string, input: object, nodeArgs: readonly string[] = []): Promise<T> {
  const child = startTask(name, input, { nodeArgs });
  const result = await child.next<T>('result');
  await child.kill();
  return result;
}

export function rootPath(path: string): string {
  return ROOT + path;
}

/** Services that a measure starts itself must not be overridden from outside. */
function withoutServices(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { KAFKA_BROKERS: _brokers, REDIS_URL: _redis, SENTINEL_DIR: _dir, ...rest } = env;
  return rest;
}
