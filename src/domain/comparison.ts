import type { Condition } from './rule.ts';

/** Tells whether a condition holds. None holds for NaN, `neq` neither: what is not there is not different. */
export function compileCondition({ comparison, threshold }: Condition): (value: number) => boolean {
  switch (comparison) {
    case 'gt':
      return (value) => value > threshold;
    case 'gte':
      return (value) => value >= threshold;
    case 'lt':
      return (value) => value < threshold;
    case 'lte':
      return (value) => value <= threshold;
    case 'eq':
      return (value) => value === threshold;
    case 'neq':
      return (value) => value < threshold || value > threshold;
  }
}
