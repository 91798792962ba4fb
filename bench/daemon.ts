import { setTimeout as pause } from 'node:timers/promises';
import { Child, rootPath } from './child.ts';

/** `sentinel run`, as it was built. */
export class DaemonProcess {
  readonly child: Child;
  #pending = '';
  #url: string | null = null;
  /** Message → its time by the daemon's own log, epoch ms. */
  readonly #said = new Map<string, number>();

  constructor(config: string, nodeArgs: readonly string[] = []) {
    const args = ['run', '--port', '0', '--config', config];
    this.child = new Child(rootPath('dist/cli/main.js'), args, { nodeArgs, onOutput: (chunk) => this.#hear(chunk) });
  }

  /** When it first logged that message, epoch ms. Rejects when it ends before. */
  async said(message: string): Promise<number> {
    for (;;) {
      const at = this.#said.get(message);
      if (at !== undefined) return at;
      const ended = await Promise.race([pause(5, null), this.child.exited.then((code) => `${code}`)]);
      if (ended !== null) throw new Error(`the daemon ended with ${ended} before it said "${message}"`);
    }
  }

  /** Resolves when it has taken in so many events, asked four times a second as a close scraper would. */
  async processed(events: number): Promise<void> {
    while ((await this.metric('sentinel_events_processed_total')) < events) await pause(250);
  }

  /** A metric without labels, now. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.#url}/metrics`)).text();
    const line = text.split('\n').find((each) => each.startsWith(`${name} `));
    return line === undefined ? 0 : Number(line.slice(name.length + 1));
  }

  #hear(chunk: Buffer): void {
    const lines = (this.#pending + chunk.toString('utf8')).split('\n');
    this.#pending = lines.pop() ?? '';
    for (const line of lines) {
      const { msg, time, url } = JSON.parse(line) as { msg: string; time: number | string; url?: string };
      if (!this.#said.has(msg)) this.#said.set(msg, new Date(time).getTime());
      if (msg === 'listening') this.#url = url ?? null;
    }
  }
}
