import { checkActions } from './actions.ts';
import { checkAnnotations } from './annotations.ts';
import type { Check } from './check.ts';
import { checkCondition } from './condition.ts';
import { checkGroupBy } from './group-by.ts';
import { checkKeys } from './keys.ts';
import { checkMatch } from './match.ts';

const CHECKS: readonly Check[] = [checkGroupBy, checkMatch, checkCondition, checkActions, checkKeys, checkAnnotations];

/** All that can be wrong between the keys of one rule. */
export const checkRule: Check = (draft, rule, report) => {
  for (const check of CHECKS) check(draft, rule, report);
};
