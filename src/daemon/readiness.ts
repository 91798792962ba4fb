/** What `/readyz` tells: ready, or every reason why not, and what an operator should know although it is ready. */
export interface Readiness {
  readonly ready: boolean;
  /** By part: why it is not ready. */
  readonly problems: Readonly<Record<string, string>>;
  /** By part: true things that change what to expect. */
  readonly notices: Readonly<Record<string, string>>;
}

/** Collects what parts say about themselves; each part sets and clears its own entry. */
export class ReadinessBoard {
  readonly #problems = new Map<string, string>();
  readonly #notices = new Map<string, string>();

  /** null: the part is well. */
  problem(part: string, why: string | null): void {
    put(this.#problems, part, why);
  }

  notice(part: string, what: string | null): void {
    put(this.#notices, part, what);
  }

  get(): Readiness {
    return {
      ready: this.#problems.size === 0,
      problems: Object.fromEntries(this.#problems),
      notices: Object.fromEntries(this.#notices),
    };
  }
}

function put(map: Map<string, string>, key: string, value: string | null): void {
  if (value === null) map.delete(key);
  else map.set(key, value);
}
