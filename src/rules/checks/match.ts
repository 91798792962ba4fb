import { compileGlobs } from '../../domain/glob.ts';
import type { FieldTest, Rule } from '../../domain/rule.ts';
import { OUTCOME_FIELDS } from '../event-filter.ts';
import type { Check } from './check.ts';

/** A match that no event can meet, because it asks a call for its outcome. */
export const checkMatch: Check = (_draft, rule, report) => {
  const phase = rule.match.require.find(({ field }) => field === 'phase');
  const outcome = outcomeField(rule);
  if (phase === undefined || outcome === null || seesResults(phase)) return;
  report(
    ['match', 'phase'],
    `match has phase call beside ${outcome}, which only results have, expected phase result or none`,
  );
};

function outcomeField(rule: Rule): string | null {
  return rule.match.require.find(({ field }) => OUTCOME_FIELDS.includes(field))?.field ?? null;
}

function seesResults(phase: FieldTest): boolean {
  return 'globs' in phase && compileGlobs(phase.globs)('result');
}
