import type { CompiledRule } from '../domain/rule.ts';
import type { Keys } from './keys.ts';
import { makeTest, type Test } from './measure.ts';
import { conditionOf, setCondition } from './row.ts';
import type { Rows } from './rows.ts';

/** The conditions of a rule's keys, made ready: each key's is an override's, or the rule's own. A row remembers which. */
export class Conditions {
  private compiled: CompiledRule;
  private readonly rows: Rows;
  private readonly keys: Keys;
  /** In the order in which keys asked for them. */
  private readonly tests: Test[] = [];

  constructor(compiled: CompiledRule, rows: Rows, keys: Keys) {
    this.compiled = compiled;
    this.rows = rows;
    this.keys = keys;
  }

  of(row: number): Test {
    const known = conditionOf(this.rows, row);
    if (known >= 0) return this.tests[known] as Test;
    const index = this.indexOf(row);
    setCondition(this.rows, row, index);
    return this.tests[index] as Test;
  }

  /** The rule was loaded again. @param changed whether its conditions are others: then every row has to forget its own */
  use(compiled: CompiledRule, changed: boolean): void {
    this.compiled = compiled;
    if (changed) this.tests.length = 0;
  }

  forget(row: number): void {
    setCondition(this.rows, row, -1);
  }

  private indexOf(row: number): number {
    const { rule, conditionFor } = this.compiled;
    const test = makeTest(rule.overrides.length === 0 ? rule.condition : conditionFor(this.keys.texts(row)));
    const known = this.tests.findIndex((one) => one.threshold === test.threshold && one.comparison === test.comparison);
    return known >= 0 ? known : this.tests.push(test) - 1;
  }
}
