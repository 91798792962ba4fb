/** What several hold together: released when the last of them lets go. */
export class Hold {
  readonly #release: () => void;
  #holders = 1;

  /** Whoever makes it is the first to hold it. */
  constructor(release: () => void) {
    this.#release = release;
  }

  /** One more holds it. @returns how that one lets go; once */
  keep(): () => void {
    this.#holders++;
    return () => this.drop();
  }

  drop(): void {
    this.#holders--;
    if (this.#holders === 0) this.#release();
  }
}
