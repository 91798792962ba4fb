import { compileCondition } from '../../domain/comparison.ts';
import type { Condition, MeasureSpec, Rule } from '../../domain/rule.ts';
import { type Check, isSessionMeasure } from './check.ts';

/** Whether a condition can be judged at all, and whether it says anything. */
export const checkCondition: Check = (_draft, rule, report) => {
  const judge = (condition: Condition, path: readonly (string | number)[]) => {
    const message = conditionProblem(condition, rule);
    if (message !== null) report([...path, 'condition'], message);
  };
  judge(rule.condition, []);
  rule.overrides.forEach((override, index) => {
    judge(override.condition, ['overrides', index]);
  });
};

function conditionProblem(condition: Condition, rule: Rule): string | null {
  const { comparison, threshold } = condition;
  const written = `condition {${comparison}: ${threshold}}`;
  const distinctOfLast = rule.measure.type === 'loop' ? rule.measure.distinctOfLast : null;
  if (distinctOfLast !== null) return distinctProblem(condition, distinctOfLast);
  if (comparison !== 'gt' && comparison !== 'gte') {
    const why = growingProblem(rule.measure, rule.groupBy.includes('session'));
    if (why !== null) return `condition has ${comparison}, but ${why}, expected gt or gte`;
  }
  if (comparison === 'gte' && threshold === 0) return `${written} always holds, expected a threshold above 0`;
  if (comparison === 'lt' && threshold === 0) return `${written} never holds, expected a threshold above 0`;
  return null;
}

/** `lt`, `lte`, `eq` and `neq` need a whole window to be judged on. */
function growingProblem(measure: MeasureSpec, perSession: boolean): string | null {
  if (isSessionMeasure(measure)) return `${measure.type} only grows`;
  return perSession ? 'it is judged on whole windows, which a session need not have' : null;
}

function distinctProblem(condition: Condition, last: number): string | null {
  const values = Array.from({ length: last }, (_, index) => index + 1);
  const holding = values.filter(compileCondition(condition)).length;
  if (holding > 0 && holding < last) return null;
  const written = `condition {${condition.comparison}: ${condition.threshold}}`;
  return `${written} ${holding === 0 ? 'never' : 'always'} holds among ${last} calls, expected one like {lte: 3}`;
}
