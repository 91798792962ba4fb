import { type DaemonProcess, metric, startDaemon } from '../test/e2e/daemon-process.ts';

/** The one or two daemons of a run. */
export class Instances {
  readonly #config: string;
  readonly #program: string[];
  readonly #complain: (what: string) => void;
  readonly #running = new Map<'first' | 'second', DaemonProcess>();

  /** `complain`: an end that nobody asked for, or words to people. */
  constructor(config: string, program: string[], complain: (what: string) => void) {
    this.#config = config;
    this.#program = program;
    this.#complain = complain;
  }

  /** Resolves when it listens; at once where it runs already. */
  async start(which: 'first' | 'second'): Promise<void> {
    if (this.#running.has(which)) return;
    const daemon = await startDaemon(['--config', this.#config], {}, this.#program);
    this.#running.set(which, daemon);
    void daemon.exited.then((code) => {
      if (this.#running.get(which) !== daemon) return;
      const last = daemon.log.slice(-3).map(({ msg, err }) => JSON.stringify(err ?? msg));
      this.#complain(`the ${which} instance ended by itself with ${code}, after it had said ${last.join(', ')}`);
      this.#take(which);
    });
  }

  /** kill -9. */
  async kill(which: 'first' | 'second'): Promise<void> {
    const daemon = this.#take(which);
    if (daemon === null) return;
    await daemon.kill();
    this.#listen(which, daemon);
  }

  /** SIGTERM: it must end with 0. */
  async stop(which: 'first' | 'second'): Promise<void> {
    const daemon = this.#take(which);
    if (daemon === null) return;
    const code = await daemon.stop();
    if (code !== 0) this.#complain(`the ${which} instance ended with ${code} after SIGTERM, expected 0`);
    this.#listen(which, daemon);
  }

  /** Events that each running one has taken in. */
  async processed(): Promise<ReadonlyMap<object, number>> {
    const counts = [...this.#running.values()].map(async (daemon) => {
      const { '': count = 0 } = await metric(daemon, 'sentinel_events_processed_total');
      return [daemon, count] as const;
    });
    return new Map(await Promise.all(counts));
  }

  async killAll(): Promise<void> {
    await Promise.all([...this.#running.values()].map((daemon) => daemon.kill()));
    this.#running.clear();
  }

  #take(which: 'first' | 'second'): DaemonProcess | null {
    const daemon = this.#running.get(which) ?? null;
    this.#running.delete(which);
    return daemon;
  }

  #listen(which: string, daemon: DaemonProcess): void {
    const errors = daemon.errors();
    if (errors !== '') this.#complain(`the ${which} instance told people: ${errors.trim()}`);
  }
}
