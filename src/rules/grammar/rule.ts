import { nearest } from '../../domain/nearest.ts';
import type { Condition, MeasureType } from '../../domain/rule.ts';
import { list, object, optional, record, required } from '../shapes/collections.ts';
import { duration, flag, number, text, timestamp, word } from '../shapes/scalars.ts';
import { mapped, quote, type Read, referred, type Shape } from '../shapes/shape.ts';
import { actionList } from './actions.ts';
import { durationCondition, numberCondition } from './condition.ts';
import { fingerprint, groupBy, numberField } from './keys.ts';
import { fieldTests, KEY_FAMILIES, KEY_FIELDS, keyMatch, match } from './match.ts';

/** Names appear in audit records, metrics and commands: one line, no surprises. */
export const NAME = text({
  expected: 'a name of 1 to 100 letters, digits, spaces and _ . : / -',
  pattern: '^[A-Za-z0-9_]([A-Za-z0-9_.:/ -]{0,98}[A-Za-z0-9_])?$',
  longest: 100,
});

const ATTRIBUTE_NAME = '^[A-Za-z_][A-Za-z0-9_./-]{0,99}$';
export const ATTRIBUTES = record(
  ATTRIBUTE_NAME,
  'expected names like team or runbook_url',
  text({ expected: 'a text' }),
);

const POSITIVE = 'a duration above zero, like 30s, 5m or 1h, up to 366d';
const WINDOW = duration(1, POSITIVE);
const WINDOW_ABOUT = 'a duration like 1m: how far back the rule counts';
const WAIT = duration(0, 'a duration like 0s, 30s or 5m, up to 366d');

export const exceptionShape = mapped(
  object(
    {
      ...KEY_FIELDS,
      until: optional(timestamp, 'when the exception ends, e.g. 2027-01-01T00:00:00Z; without it, it stands'),
      comment: optional(text({ expected: 'a text' }), 'why'),
    },
    { families: KEY_FAMILIES },
  ),
  ({ until, comment, ...fields }) => ({
    match: { require: fieldTests(fields), forbid: [] },
    until: until ?? null,
    comment: comment ?? '',
  }),
);

const NUMBER_CONDITION = referred('number_condition', numberCondition);
const DURATION_CONDITION = referred('duration_condition', durationCondition);
const exception = referred('exception', exceptionShape);

/** Keys of every rule type; thresholds are numbers or durations. */
function common<T extends MeasureType>(type: T, condition: Shape<Condition>) {
  const override = object({
    match: required(keyMatch, 'the keys that it is for, like {tenant: bigco}'),
    condition: required(condition, 'their condition, like {gt: 300}'),
  });
  return {
    alert: required(NAME, 'a name of its own, like EmailBurst'),
    type: required(word([type]), 'the rule type'),
    match: optional(match, 'which events feed the rule; all of the default ones without it'),
    group_by: optional(
      referred('group_by', groupBy),
      'what one count belongs to: tenant, session, agent, tool, labels.x; default [session]',
    ),
    condition: required(condition, 'one comparison, like {gt: 30}'),
    for: optional(WAIT, 'how long the condition must hold before the alert fires; default 0s'),
    keep_firing_for: optional(WAIT, 'how long the alert goes on after the condition has ended; default 0s'),
    cooldown: optional(WAIT, 'how long after an action no other one follows for the same key; default 5m'),
    severity: optional(word(['info', 'warning', 'critical']), 'default: critical with actions, otherwise warning'),
    simulate: optional(flag, 'true: decide and record, but do not act; default false'),
    actions: optional(
      referred('actions', actionList),
      'what to do; a critical rule without it stops its session or disables its tenant',
    ),
    overrides: optional(
      list(override, 'a list of {match, condition}'),
      'other conditions for some keys; the first that matches counts',
    ),
    exceptions: optional(list(exception, 'a list like [{tenant: "internal-*"}]'), 'keys that are never acted upon'),
    labels: optional(referred('attributes', ATTRIBUTES), 'facts about the rule, like {team: payments}'),
    annotations: optional(
      referred('attributes', ATTRIBUTES),
      'texts for people, with placeholders like {{ session }} and {{ value }}',
    ),
  };
}

const FINGERPRINT = optional(fingerprint, 'what makes two calls the same operation; default [tool, args]');
const DISTINCT_OF_LAST = number({ min: 2, max: 64, integer: true, expected: 'a whole number from 2 to 64' });

/** One table: which keys each rule type takes. */
export const RULE_SHAPES = {
  event_count: object(
    { ...common('event_count', NUMBER_CONDITION), window: required(WINDOW, WINDOW_ABOUT) },
    { explain: (key) => explainKey('event_count', key) },
  ),
  value_sum: object(
    {
      ...common('value_sum', NUMBER_CONDITION),
      window: required(WINDOW, WINDOW_ABOUT),
      field: required(
        numberField,
        'the number to add up: cost_usd, tokens, tokens_in, tokens_out, latency_ms or args.<path>',
      ),
    },
    { explain: (key) => explainKey('value_sum', key) },
  ),
  duplicate_count: object(
    {
      ...common('duplicate_count', NUMBER_CONDITION),
      window: required(WINDOW, WINDOW_ABOUT),
      fingerprint: FINGERPRINT,
      after: optional(word(['ok', 'any']), 'ok: repeats of a call that failed do not count; any: all do; default ok'),
    },
    { explain: (key) => explainKey('duplicate_count', key) },
  ),
  loop: object(
    {
      ...common('loop', NUMBER_CONDITION),
      window: optional(WINDOW, WINDOW_ABOUT),
      fingerprint: FINGERPRINT,
      distinct_of_last: optional(
        DISTINCT_OF_LAST,
        'judge how many different calls are among the last so many (2 to 64)',
      ),
    },
    { explain: (key) => explainKey('loop', key) },
  ),
  session_total: object(
    {
      ...common('session_total', NUMBER_CONDITION),
      field: required(word(['actions', 'cost_usd', 'tokens']), 'what to add up: actions, cost_usd or tokens'),
    },
    { explain: (key) => explainKey('session_total', key) },
  ),
  session_age: object(
    {
      ...common('session_age', DURATION_CONDITION),
      active_within: optional(
        duration(1, POSITIVE),
        'age is judged only while the last event is newer than this; default 5m',
      ),
    },
    { explain: (key) => explainKey('session_age', key) },
  ),
  session_idle: object(common('session_idle', DURATION_CONDITION), {
    explain: (key) => explainKey('session_idle', key),
  }),
} as const satisfies Readonly<Record<MeasureType, Shape<unknown>>>;

export const RULE_TYPES = Object.keys(RULE_SHAPES) as readonly MeasureType[];

/** A rule as it was read: every key right by itself, not yet judged together, no defaults. */
export type Draft = Read<(typeof RULE_SHAPES)[MeasureType]>;

/** Types of the contract that this version does not have. */
export const LATER_TYPES = ['value_count', 'ratio', 'deviation', 'new_value'] as const;

export const definitionOf = (type: MeasureType): Shape<Draft> => referred(type, RULE_SHAPES[type] as Shape<Draft>);

/** Which types take a key that only some of them take. */
const SPECIAL_KEYS: Readonly<Record<string, readonly MeasureType[]>> = {
  window: ['event_count', 'value_sum', 'duplicate_count', 'loop'],
  field: ['value_sum', 'session_total'],
  fingerprint: ['duplicate_count', 'loop'],
  after: ['duplicate_count'],
  distinct_of_last: ['loop'],
  active_within: ['session_age'],
};

/** What a key is called elsewhere, or by people, and how it is written here. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  threshold: 'condition: {gt: 30}',
  limit: 'condition: {gt: 30} (or limit of the group)',
  expr: 'type, match and condition (there are no expressions)',
  metric: 'type',
  measure: 'type',
  filter: 'match',
  where: 'match',
  selection: 'match',
  by: 'group_by: [session]',
  key: 'group_by: [session]',
  period: 'window',
  interval: 'window',
  timeframe: 'window',
  level: 'severity',
  response: 'actions',
  dry_run: 'simulate: true',
  summary: 'annotations: {summary: "…"}',
  description: 'annotations: {description: "…"}',
};

function explainKey(type: MeasureType, key: string): string | null {
  const types = Object.hasOwn(SPECIAL_KEYS, key) ? SPECIAL_KEYS[key] : undefined;
  if (types !== undefined) return `${key} does not go with type ${type}, expected it only with ${types.join(', ')}`;
  const meant = nearest(key, [
    ...Object.keys(RULE_SHAPES[type].schema.properties as object),
    ...Object.keys(OTHER_NAMES),
  ]);
  if (meant === null || !Object.hasOwn(OTHER_NAMES, meant)) return null;
  return `there is no key ${quote(key)}, did you mean ${OTHER_NAMES[meant]}?`;
}
