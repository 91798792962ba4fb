import { hashParts } from '../domain/ids.ts';
import { canonicalJson } from '../domain/json.ts';
import type { Rule, RuleGroup } from '../domain/rule.ts';

/** The meaning of a rule: all but its labels, annotations, comments and place. */
export function ruleHash(rule: Omit<Rule, 'hash' | 'measureHash'>): string {
  const { labels, annotations, source, exceptions, ...meaning } = rule;
  return hashParts(canonicalJson({ ...meaning, exceptions: exceptions.map(({ match, until }) => ({ match, until })) }));
}

/** What the measure computes, whatever the thresholds: windows survive a reload by it. */
export function measureHash({
  measure,
  match,
  groupBy,
  windowMs,
}: Pick<Rule, 'measure' | 'match' | 'groupBy' | 'windowMs'>): string {
  return hashParts(canonicalJson({ measure, match, groupBy, windowMs }));
}

/** The meaning of a whole set, whatever files it stands in. */
export function setHash(groups: readonly RuleGroup[], rules: readonly Rule[]): string {
  const lines = [
    ...groups.map((group) => canonicalJson(['group', group.name, group.limit])),
    ...rules.map((rule) => canonicalJson(['rule', rule.name, rule.hash])),
  ];
  return hashParts(...lines.sort());
}
