import { isMap, isScalar } from 'yaml';
import type { MeasureType } from '../../domain/rule.ts';
import type { Cursor, Reader } from '../reader.ts';
import { list, object, optional, partialObject, required } from '../shapes/collections.ts';
import { duration, expectedWord, number, textOf } from '../shapes/scalars.ts';
import { type JsonSchema, quote, type Read, refuse, type Shape } from '../shapes/shape.ts';
import { type Draft, definitionOf, LATER_TYPES, NAME, RULE_SHAPES, RULE_TYPES } from './rule.ts';

export interface PlacedDraft {
  /** null where it could not be read; that was reported. */
  readonly draft: Draft | null;
  readonly at: Cursor;
}

/** A rule: its type says which keys it takes. */
const rule: Shape<PlacedDraft> = {
  schema: {
    type: 'object',
    required: ['alert', 'type'],
    properties: { type: { type: 'string', enum: RULE_TYPES, description: 'what the rule measures' } },
    allOf: RULE_TYPES.map((type) => whenType(type, definitionOf(type).schema)),
  },
  read: (at, _name, reader) => {
    if (!isMap(at.node)) refuse(at, 'a rule', 'a map with alert, type and condition', reader);
    if (!isMap(at.node)) return { draft: null, at };
    const alert = valueAt(at, 'alert', reader);
    const name = alert === null ? 'the rule' : `the rule ${quote(alert, '')}`;
    const type = readType(at, name, reader);
    const draft = type && (RULE_SHAPES[type] as Shape<Draft>).read(at, name, reader);
    return { draft: draft ?? null, at };
  },
};

/** `if` and `then` as entries: an object literal with a `then` looks like a promise to tools. */
function whenType(type: MeasureType, schema: JsonSchema): JsonSchema {
  const condition = { properties: { type: { const: type } }, required: ['type'] };
  return Object.fromEntries([
    ['if', condition],
    ['then', schema],
  ]);
}

const LIMIT = object({
  max: required(number({ min: 1, integer: true, expected: 'a whole number of at least 1' }), 'how many actions'),
  per: required(duration(1), 'a duration like 10m'),
});

const group = partialObject({
  name: required(NAME, 'a name of its own, like runaway-sessions'),
  limit: optional(
    LIMIT,
    'actions of this group on one tenant per time, like {max: 20, per: 10m}; no bound of its own without it',
  ),
  rules: required(list(rule, 'a list of rules'), 'a list of rules'),
});

export type DraftGroup = Read<typeof group> & { readonly at: Cursor };

const placedGroup: Shape<DraftGroup> = {
  schema: group.schema,
  read: (at, _name, reader) => {
    const name = valueAt(at, 'name', reader);
    const values = group.read(at, name === null ? 'the group' : `the group ${quote(name, '')}`, reader);
    return values && { ...values, at };
  },
};

/** A rules file: groups of rules. */
export const fileShape = partialObject({
  groups: required(list(placedGroup, 'a list of groups'), 'a list of groups of rules'),
});

function readType(at: Cursor, name: string, reader: Reader): MeasureType | undefined {
  const written = valueAt(at, 'type', reader);
  const type = RULE_TYPES.find((candidate) => candidate === written);
  if (type !== undefined) return type;
  const place = reader.locate(at, ['type']);
  const expected = `expected ${expectedWord(written, RULE_TYPES)}`;
  if (written === null) return missing(place, `${name} has no type, ${expected}`, reader);
  const later = (LATER_TYPES as readonly string[]).includes(written);
  return missing(
    place,
    `type is ${quote(written)}${later ? ', which this version does not have' : ''}, ${expected}`,
    reader,
  );
}

function valueAt(at: Cursor, key: string, reader: Reader): string | null {
  if (!isMap(at.node)) return null;
  const pair = at.node.items.find((item) => isScalar(item.key) && item.key.value === key);
  return pair === undefined ? null : textOf(reader.cursor(pair.value, at.offset));
}

function missing(at: Cursor, message: string, reader: Reader): undefined {
  reader.report(at.offset, message);
  return undefined;
}
