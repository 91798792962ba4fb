import type { Match } from '../../src/domain/rule.ts';
import type { PlainRule } from '../oracle/plain.ts';

/** A rules file that says what plain rules say. JSON, which is YAML too. */
export function rulesFile(rules: readonly PlainRule[]): string {
  return JSON.stringify({ groups: [{ name: 'group', rules: rules.map(ruleText) }] });
}

function ruleText(rule: PlainRule): object {
  const isDuration = rule.measure.type === 'session_age' || rule.measure.type === 'session_idle';
  const conditionText = ({ comparison, threshold }: PlainRule['condition']) => ({
    [comparison]: isDuration ? `${threshold}ms` : threshold,
  });
  return {
    alert: rule.name,
    ...measureText(rule),
    match: matchText(rule.match),
    group_by: rule.groupBy,
    ...(rule.windowMs === null ? {} : { window: `${rule.windowMs}ms` }),
    condition: conditionText(rule.condition),
    for: `${rule.forMs}ms`,
    keep_firing_for: `${rule.keepFiringForMs}ms`,
    overrides: rule.overrides.map(({ match, condition }) => ({
      match: matchText(match),
      condition: conditionText(condition),
    })),
  };
}

function measureText({ measure }: PlainRule): object {
  switch (measure.type) {
    case 'duplicate_count':
      return { type: measure.type, fingerprint: measure.fingerprint, after: measure.after };
    case 'loop': {
      const last = measure.distinctOfLast === null ? {} : { distinct_of_last: measure.distinctOfLast };
      return { type: measure.type, fingerprint: measure.fingerprint, ...last };
    }
    case 'session_age':
      return { type: measure.type, active_within: `${measure.activeWithinMs}ms` };
    default:
      return { ...measure };
  }
}

function matchText({ require, forbid }: Match): object {
  return { ...testTexts(require), ...(forbid.length === 0 ? {} : { not: testTexts(forbid) }) };
}

function testTexts(tests: Match['require']): object {
  return Object.fromEntries(
    tests.map((test) => [
      test.field,
      'globs' in test
        ? test.globs
        : Object.fromEntries(test.numbers.map(({ comparison, threshold }) => [comparison, threshold])),
    ]),
  );
}
