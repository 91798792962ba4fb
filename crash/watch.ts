import type { ScopedState } from '../src/domain/kill-state.ts';
import type { Setting } from '../test/e2e/setting.ts';

/** What was ever stopped, seen from outside. */
export class Watch {
  readonly #setting: Setting;
  readonly #seen = new Set<string>();

  constructor(setting: Setting) {
    this.#setting = setting;
  }

  /** Scopes that were stopped at any time, as far as anybody looked. */
  async stopped(): Promise<ReadonlySet<string>> {
    for (const { scope } of await this.states()) this.#seen.add(scope);
    return this.#seen;
  }

  async isStopped(scope: string): Promise<boolean> {
    return (await this.states()).some((one) => one.scope === scope && one.state.mode !== 'none');
  }

  async states(): Promise<readonly ScopedState[]> {
    const states: ScopedState[] = [];
    for (let after: number | null = 0; after !== null; ) {
      const page = await this.#setting.store.page(after, 10_000);
      states.push(...page.states);
      after = page.next;
    }
    return states;
  }
}
