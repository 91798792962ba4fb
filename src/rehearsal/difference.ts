import { episodeText } from '../domain/alert.ts';
import { scopeText } from '../domain/scope.ts';
import type { Step } from '../domain/step.ts';

/** What two rule sets decided about one key: how often, each. */
export interface Compared {
  readonly rule: string;
  readonly key: string;
  readonly action: string;
  readonly scope: string;
  /** By the rules in question. */
  readonly rules: number;
  /** By those that they are compared to. */
  readonly against: number;
}

type Side = 'rules' | 'against';

/** The decisions of two rule sets over the same events, held against each other by rule, key, action and scope. */
export class Difference {
  readonly #compared = new Map<string, { -readonly [K in keyof Compared]: Compared[K] }>();

  /** Simulated decisions count like others. */
  add(side: Side, step: Step): void {
    if (step.type !== 'attempt') return;
    const { action, alert, scope } = step.decision;
    const name = `${episodeText(alert)}\n${action}\n${scopeText(scope)}`;
    let compared = this.#compared.get(name);
    if (compared === undefined) {
      const { rule, keyText: key } = alert;
      compared = { rule: rule.name, key, action, scope: scopeText(scope), rules: 0, against: 0 };
      this.#compared.set(name, compared);
    }
    compared[side]++;
  }

  /** In the order in which they were first decided. */
  get all(): readonly Compared[] {
    return [...this.#compared.values()];
  }

  get onlyRules(): readonly Compared[] {
    return this.all.filter(({ against }) => against === 0);
  }

  get onlyAgainst(): readonly Compared[] {
    return this.all.filter(({ rules }) => rules === 0);
  }

  get both(): readonly Compared[] {
    return this.all.filter(({ rules, against }) => rules > 0 && against > 0);
  }
}
