import { nearest, orList } from '../../domain/nearest.ts';
import type { Rule } from '../../domain/rule.ts';
import { type Placeholder, placeholders } from '../../domain/template.ts';
import { quote } from '../shapes/shape.ts';
import { type Check, keyParts, knowsOperation } from './check.ts';

/** Every placeholder has a value whenever the alert fires. */
export const checkAnnotations: Check = (_draft, rule, report) => {
  const names = placeholderNames(rule);
  for (const [annotation, text] of Object.entries(rule.annotations)) {
    for (const placeholder of placeholders(text)) {
      const message = placeholderProblem(placeholder, names);
      if (message !== null) report(['annotations', annotation], `annotations.${annotation} ${message}`);
    }
  }
};

/** What an annotation of the rule may name. */
export function placeholderNames(rule: Rule): readonly string[] {
  const key = keyParts(rule.groupBy);
  const tool = !key.includes('tool') && knowsOperation(rule.measure) ? ['tool'] : [];
  const labels = Object.keys(rule.labels).map((name) => `labels.${name}`);
  const window = rule.windowMs === null ? [] : ['window'];
  return [...new Set([...key, ...tool, 'value', 'threshold', ...window, ...labels])];
}

function placeholderProblem({ name, closed }: Placeholder, names: readonly string[]): string | null {
  if (!closed) return 'has {{ without }}, expected a placeholder like {{ value }}';
  if (names.includes(name)) return null;
  const near = nearest(name, names);
  const hint = near === null ? `expected one of ${orList(names)}` : `did you mean ${near}?`;
  return `has the placeholder ${quote(name)}, which this rule has no value for, ${hint}`;
}
