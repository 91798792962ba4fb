import { compileGlobs } from '../../domain/glob.ts';
import { outcomeField } from '../compile/event-filter.ts';
import type { Check } from './check.ts';

/** A match that no event can meet, because it asks a call for its outcome. */
export const checkMatch: Check = (_draft, rule, report) => {
  const phase = rule.match.require.find(({ field }) => field === 'phase');
  const outcome = outcomeField(rule.match);
  if (phase === undefined || outcome === null || !('globs' in phase)) return;
  if (compileGlobs(phase.globs)('result')) return;
  const message = `match has phase call beside ${outcome}, which only results have, expected phase result or none`;
  report(['match', 'phase'], message);
};
