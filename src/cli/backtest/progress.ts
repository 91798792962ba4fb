import type { Intake } from '../../rehearsal/intake.ts';
import type { Terminal } from '../output.ts';

const SHOW_EVERY_MS = 250;
const CLEAR_LINE = '\r\u001b[K';

/** How far reading is, on one line of a terminal; nothing where nobody looks. */
export class Progress {
  readonly #terminal: Terminal;
  readonly #intake: Intake;
  readonly #startedAt = performance.now();
  #shownAt = this.#startedAt;
  #bytes = 0;

  constructor(terminal: Terminal, intake: Intake) {
    this.#terminal = terminal;
    this.#intake = intake;
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedAt;
  }

  read(bytes: number): void {
    this.#bytes += bytes;
    if (this.#terminal.errIsTty !== true) return;
    const now = performance.now();
    if (now - this.#shownAt < SHOW_EVERY_MS) return;
    this.#shownAt = now;
    const megabytes = (this.#bytes / 1e6).toFixed(1);
    this.#terminal.err(`${CLEAR_LINE}${megabytes} MB, ${this.#intake.taken.toLocaleString('en')} events`);
  }

  end(): void {
    if (this.#shownAt !== this.#startedAt) this.#terminal.err(CLEAR_LINE);
  }
}
