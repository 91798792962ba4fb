import { orList } from '../../domain/nearest.ts';
import type { Match } from '../../domain/rule.ts';
import { type Check, keyParts } from './check.ts';

/** Overrides and exceptions speak of keys, so they can only name what the key has. */
export const checkKeys: Check = (_draft, rule, report) => {
  const parts = keyParts(rule.groupBy);
  const judge = (match: Match, path: readonly (string | number)[], what: string) => {
    if (match.require.length + match.forbid.length === 0) {
      report(path, `${what} names no key, expected ${orList(parts)} with a glob`);
    }
    for (const [tests, way] of [
      [match.require, path],
      [match.forbid, [...path, 'not']],
    ] as const) {
      for (const { field } of tests) {
        if (parts.includes(field)) continue;
        report(
          [...way, field],
          `${what} names ${field}, but the rule's key has only ${orList(parts)}, expected one of these`,
        );
      }
    }
  };
  rule.overrides.forEach(({ match }, index) => {
    judge(match, ['overrides', index, 'match'], 'the override');
  });
  rule.exceptions.forEach(({ match }, index) => {
    judge(match, ['exceptions', index], 'the exception');
  });
};
