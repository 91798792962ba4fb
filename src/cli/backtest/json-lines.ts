const FLUSH_CHARACTERS = 1 << 16;

/** One JSON value per line, written in large pieces. */
export class JsonLines {
  readonly #out: (text: string) => void;
  #held = '';

  constructor(out: (text: string) => void) {
    this.#out = out;
  }

  write(value: object): void {
    this.#held += `${JSON.stringify(value)}\n`;
  }

  flushWhenLarge(): void {
    if (this.#held.length >= FLUSH_CHARACTERS) this.flush();
  }

  flush(): void {
    if (this.#held !== '') this.#out(this.#held);
    this.#held = '';
  }
}
