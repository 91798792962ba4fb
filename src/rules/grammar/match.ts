import { EVENT_TYPES, STATUSES } from '../../domain/event/view.ts';
import type { FieldTest, Match } from '../../domain/rule.ts';
import { type Family, type Fields, object, optional } from '../shapes/collections.ts';
import { mapped, referred, type Shape } from '../shapes/shape.ts';
import { globs, globsOrNumbers, numbers, type Test, wordGlobs } from './globs.ts';

/** Paths into arguments: `args.to`, `args.user.email`. Labels: `labels.team`. */
export const ARGS_PATH = '^args\\.[^.]+(\\.[^.]+)*$';
export const LABELS_PATH = '^labels\\..+$';

/** Fields of an event that a rule may match. */
export const MATCH_FIELDS = {
  tool: optional(globs, 'the name of the tool: a glob or a list of globs'),
  kind: optional(wordGlobs(['read', 'write']), 'read or write: does the call change the world'),
  type: optional(wordGlobs(EVENT_TYPES), 'the type of event; naming it lifts the default of the rule type'),
  phase: optional(wordGlobs(['call', 'result']), 'call or result; an event without a phase is both'),
  status: optional(wordGlobs(STATUSES), 'how the call ended; naming it makes the rule see results'),
  error_type: optional(globs, 'the type of error; naming it makes the rule see results'),
  tenant: optional(globs, 'the tenant: a glob or a list of globs'),
  session: optional(globs, 'the session: a glob or a list of globs'),
  agent: optional(globs, 'the agent: a glob or a list of globs'),
  cost_usd: optional(numbers, 'the cost of this event in USD, compared as a number'),
  tokens_in: optional(numbers, 'input tokens of this event, compared as a number'),
  tokens_out: optional(numbers, 'output tokens of this event, compared as a number'),
  latency_ms: optional(numbers, 'latency in ms, compared as a number; naming it makes the rule see results'),
} as const satisfies Fields;

const ARGS: Family = {
  pattern: ARGS_PATH,
  shown: 'args.<path>',
  field: optional(globsOrNumbers, 'an argument of the call: globs, or numeric comparisons'),
};

const LABELS: Family = {
  pattern: LABELS_PATH,
  shown: 'labels.<name>',
  field: optional(globs, 'a label of the event: a glob or a list of globs'),
};

const FAMILIES = [ARGS, LABELS];

const OF_MATCH = {
  families: FAMILIES,
  explain: (key: string) => (key === 'not' ? '`not` stands inside another `not`, expected it once, at the top' : null),
};

export const negatedShape = object(MATCH_FIELDS, OF_MATCH);

const negated = referred('negated', negatedShape);

/** All fields hold, and none of those under `not`. */
export const matchShape: Shape<Match> = mapped(
  object(
    { ...MATCH_FIELDS, not: optional(negated, 'events that match any of these fields are left out') },
    { families: FAMILIES },
  ),
  ({ not, ...fields }) => ({ require: fieldTests(fields), forbid: not === undefined ? [] : fieldTests(not) }),
);

export const match = referred('match', matchShape);

/** Parts of a key that overrides and exceptions may match. */
export const KEY_FIELDS = {
  tenant: MATCH_FIELDS.tenant,
  session: MATCH_FIELDS.session,
  agent: MATCH_FIELDS.agent,
  tool: MATCH_FIELDS.tool,
} as const satisfies Fields;

export const KEY_FAMILIES = [LABELS];

const negatedKey = object(KEY_FIELDS, { families: KEY_FAMILIES });

/** A match over the ids of a key. */
export const keyMatchShape: Shape<Match> = mapped(
  object(
    { ...KEY_FIELDS, not: optional(negatedKey, 'keys that match any of these are left out') },
    { families: KEY_FAMILIES },
  ),
  ({ not, ...fields }) => ({ require: fieldTests(fields), forbid: not === undefined ? [] : fieldTests(not) }),
);

export const keyMatch = referred('key_match', keyMatchShape);

/** In one order, so that the order in the file means nothing. */
export function fieldTests(fields: Readonly<Record<string, Test | undefined>>): readonly FieldTest[] {
  return Object.keys(fields)
    .filter((field) => fields[field] !== undefined)
    .sort()
    .map((field) => ({ field, ...fields[field]! }));
}
