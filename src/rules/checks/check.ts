import type { GroupKey, MeasureSpec, Rule } from '../../domain/rule.ts';
import type { Draft } from '../grammar/rule.ts';

/**
 * Judges keys of a rule together, each of which is right by itself. `rule` has every default filled in, `draft` is what
 * was written. A problem is reported at the value that the path leads to.
 */
export type Check = (
  draft: Draft,
  rule: Rule,
  report: (path: readonly (string | number)[], message: string) => void,
) => void;

/** Measures that know which calls repeat, so that their sessions and tool are known whatever the key. */
export function knowsOperation(measure: MeasureSpec): boolean {
  return measure.type === 'duplicate_count' || (measure.type === 'loop' && measure.distinctOfLast === null);
}

export function isSessionMeasure(measure: MeasureSpec): boolean {
  return measure.type === 'session_total' || measure.type === 'session_age' || measure.type === 'session_idle';
}

/** The parts of a rule's key that have a text: its group_by, and the tenant but for `global_tool`. */
export function keyParts(groupBy: readonly GroupKey[]): readonly string[] {
  const parts = groupBy.map((part) => (part === 'global_tool' ? 'tool' : part));
  return groupBy.includes('global_tool') || parts.includes('tenant') ? parts : ['tenant', ...parts];
}
