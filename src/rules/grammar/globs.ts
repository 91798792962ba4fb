import { isMap, isScalar, isSeq } from 'yaml';
import { compileGlobs } from '../../domain/glob.ts';
import type { Condition, FieldTest } from '../../domain/rule.ts';
import type { Cursor, Reader } from '../reader.ts';
import { list } from '../shapes/collections.ts';
import { expectedWord, text } from '../shapes/scalars.ts';
import { type JsonSchema, refuse, type Shape } from '../shapes/shape.ts';
import { numberComparisons } from './condition.ts';

/** What a field is tested against, without the field. */
export type Test =
  | Omit<Extract<FieldTest, { globs: unknown }>, 'field'>
  | Omit<Extract<FieldTest, { numbers: unknown }>, 'field'>;

const GLOB = text({ expected: 'a text or glob of 1 to 512 characters', longest: 512 });
const GLOB_LIST = list(GLOB, 'a glob or a list of at least one', 1);

/** Told once in the JSON Schema, referred to by every field. */
export const GLOBS_SCHEMA: JsonSchema = { anyOf: [GLOB.schema, GLOB_LIST.schema] };
const GLOBS_REFERENCE: JsonSchema = { $ref: '#/definitions/globs' };
const NUMBERS_REFERENCE: JsonSchema = { $ref: '#/definitions/numbers' };

/**
 * Signs of a regular expression or of a shell's glob, which here stand for themselves: no id has them, and the rule would
 * silently never fire.
 */
const OTHER_PATTERN =
  /^\^|\$$|^\/.*\/$|\\[.dDwWsSbB]|\.\+|\([^)]*\|[^)]*\)|\[[^\]]*\w-\w[^\]]*\]|\][*+]|\{[^}]*,[^}]*\}/su;
const ONLY_GLOBS =
  'a glob or a list of globs, no regular expression: * is any text, ? any one character, also a ^ or [ that is meant';

/** A glob or a list of globs. */
export const globs: Shape<Test> = {
  schema: GLOBS_REFERENCE,
  read: (at, name, reader) => {
    if (isMap(at.node)) return refuse(at, name, 'a glob or a list of globs (only numbers are compared)', reader);
    const patterns = readGlobs(at, name, reader);
    const other = patterns?.find((pattern) => OTHER_PATTERN.test(pattern));
    if (other !== undefined) return refuse(placeOf(at, patterns, other, reader), name, ONLY_GLOBS, reader);
    return patterns && { globs: patterns };
  },
};

/** Globs over a field that has only a few words: each must be able to match one of them. */
export function wordGlobs(words: readonly string[]): Shape<Test> {
  const word = {
    anyOf: [
      { type: 'string', enum: words },
      { type: 'string', pattern: '[*?]' },
    ],
  };
  return {
    schema: { anyOf: [...word.anyOf, { type: 'array', items: word, minItems: 1 }] },
    read: (at, name, reader) => {
      if (isMap(at.node)) return refuse(at, name, expectedWord(null, words), reader);
      const patterns = readGlobs(at, name, reader);
      const wrong = patterns?.find((pattern) => !words.some(compileGlobs([pattern])));
      if (wrong !== undefined)
        return refuse(placeOf(at, patterns, wrong, reader), name, expectedWord(wrong, words), reader);
      return patterns && { globs: patterns };
    },
  };
}

/** Numeric comparisons, all of which hold. */
export const numbers: Shape<Test> = {
  schema: NUMBERS_REFERENCE,
  read: (at, name, reader) => {
    const conditions: readonly Condition[] | undefined = numberComparisons.read(at, name, reader);
    return conditions && { numbers: conditions };
  },
};

/** What an argument may be tested by. */
export const globsOrNumbers: Shape<Test> = {
  schema: { anyOf: [GLOBS_REFERENCE, NUMBERS_REFERENCE] },
  read: (at, name, reader) => {
    if (isMap(at.node)) return numbers.read(at, name, reader);
    const patterns = readGlobs(at, name, reader);
    return patterns && { globs: [...new Set([...patterns, ...numberForms(at)])] };
  },
};

/** A number is meant as text (`0042`) and as the number that it is (`42`), whichever the argument holds. */
function numberForms(at: Cursor): readonly string[] {
  const nodes: readonly unknown[] = isSeq(at.node) ? at.node.items : [at.node];
  const values = nodes.filter(isScalar).map(({ value }) => value);
  return values.filter((value) => typeof value === 'number').map(String);
}

function readGlobs(at: Cursor, name: string, reader: Reader): readonly string[] | undefined {
  if (isSeq(at.node)) return GLOB_LIST.read(at, name, reader);
  const one = GLOB.read(at, name, reader);
  return one === undefined ? undefined : [one];
}

function placeOf(at: Cursor, patterns: readonly string[] | undefined, wrong: string, reader: Reader): Cursor {
  return isSeq(at.node) ? reader.locate(at, [patterns?.indexOf(wrong) ?? 0]) : at;
}
