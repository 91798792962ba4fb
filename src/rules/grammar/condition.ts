import { isScalar } from 'yaml';
import { orList } from '../../domain/nearest.ts';
import type { Comparison, Condition } from '../../domain/rule.ts';
import { object, optional } from '../shapes/collections.ts';
import { duration, number, textOf } from '../shapes/scalars.ts';
import { mapped, refuse, type Shape } from '../shapes/shape.ts';

export const COMPARISONS = ['gt', 'gte', 'lt', 'lte', 'eq', 'neq'] as const satisfies readonly Comparison[];

/** How a comparison reads in a sentence. */
const COMPARISON_WORDS: Readonly<Record<Comparison, string>> = {
  gt: 'greater than',
  gte: 'at least',
  lt: 'less than',
  lte: 'at most',
  eq: 'equal to',
  neq: 'different from',
};

/** A map with one or more comparisons. */
function comparisons(threshold: Shape<number>): Shape<readonly Condition[]> {
  const fields = Object.fromEntries(
    COMPARISONS.map((comparison) => [comparison, optional(threshold, `${COMPARISON_WORDS[comparison]} this`)]),
  );
  const shape = object(fields, { extra: { minProperties: 1 } });
  const map: typeof shape = {
    ...shape,
    read: (at, name, reader) =>
      isScalar(at.node) ? refuse(at, name, likeThis(textOf(at) ?? ''), reader) : shape.read(at, name, reader),
  };
  return mapped(map, (values, at, reader, name) => {
    const found = Object.entries(values).map(([comparison, value]) => ({
      comparison: comparison as Comparison,
      threshold: value as number,
    }));
    if (found.length > 0) return found;
    reader.report(at.offset, `${name} is empty, expected one of ${COMPARISONS.join(', ')}`);
    return undefined;
  });
}

const SIGNS: Readonly<Record<string, Comparison>> = {
  '>': 'gt',
  '>=': 'gte',
  '<': 'lt',
  '<=': 'lte',
  '=': 'eq',
  '==': 'eq',
  '!=': 'neq',
};

/** `> 20` as it is written here. */
function likeThis(written: string): string {
  const [, sign = '', value = ''] = /^\s*([<>=!]*)\s*([0-9.]+[a-z]*)\s*$/.exec(written) ?? [];
  const example = `{${SIGNS[sign] ?? 'gt'}: ${value === '' ? '30' : value}}`;
  return `a map like ${example}, with ${orList(COMPARISONS)}`;
}

/** Exactly one comparison. */
function single(threshold: Shape<number>): Shape<Condition> {
  const shape = comparisons(threshold);
  const one = mapped(shape, (found, at, reader, name) => {
    if (found.length === 1) return found[0];
    const written = found.map(({ comparison }) => comparison).join(' and ');
    reader.report(at.offset, `${name} has ${written}, expected exactly one of ${COMPARISONS.join(', ')}`);
    return undefined;
  });
  return { ...one, schema: { ...shape.schema, maxProperties: 1 } };
}

export const numberComparisons = comparisons(number({ expected: 'a number' }));

/** The condition of a rule whose measure is a number: never negative, so neither are thresholds. */
export const numberCondition = single(number({ min: 0, expected: 'a number of at least 0' }));

/** The condition of a rule whose measure is a duration. */
export const durationCondition = single(duration(1, 'a duration like 30m or 2h'));
