import { actionList } from './grammar/actions.ts';
import { durationCondition, numberComparisons, numberCondition } from './grammar/condition.ts';
import { fileShape } from './grammar/file.ts';
import { GLOBS_SCHEMA } from './grammar/globs.ts';
import { groupBy } from './grammar/keys.ts';
import { keyMatchShape, matchShape, negatedShape } from './grammar/match.ts';
import { ATTRIBUTES, exceptionShape, RULE_SHAPES, RULE_TYPES } from './grammar/rule.ts';
import type { JsonSchema } from './shapes/shape.ts';
/**
 * What editors know about a rules file (JSON Schema draft 7), from the same shapes that the parser reads by. It accepts
 * whatever the parser accepts; what only shows when keys are judged together, the parser alone refuses.
 */
export function rulesJsonSchema(): JsonSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Rules of agent-sentinel',
    description: 'docs/rules.md explains them.',
    ...fileShape.schema,
    definitions: {
      ...Object.fromEntries(RULE_TYPES.map((type) => [type, RULE_SHAPES[type].schema])),
      match: matchShape.schema,
      negated: negatedShape.schema,
      key_match: keyMatchShape.schema,
      globs: GLOBS_SCHEMA,
      numbers: numberComparisons.schema,
      number_condition: numberCondition.schema,
      duration_condition: durationCondition.schema,
      group_by: groupBy.schema,
      actions: actionList.schema,
      exception: exceptionShape.schema,
      attributes: ATTRIBUTES.schema,
    },
  };
}
