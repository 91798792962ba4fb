import { fileShape } from './grammar/file.ts';
import { matchShape, negatedShape } from './grammar/match.ts';
import { RULE_SHAPES, RULE_TYPES } from './grammar/rule.ts';
import type { JsonSchema } from './shapes/shape.ts';

/** The address that shipped rules name in their `yaml-language-server` line, relative to the folder of rules. */
export const RULES_SCHEMA_FILE = 'schema/rules.schema.json';

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
      match: matchShape.schema,
      negated: negatedShape.schema,
      ...Object.fromEntries(RULE_TYPES.map((type) => [type, RULE_SHAPES[type].schema])),
    },
  };
}
