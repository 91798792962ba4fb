import type { SourcePlace } from '../domain/rule.ts';
import { loadRules } from '../rules/load.ts';

/** Where that rule stands in the folder; null where it does not, or the folder cannot be read as rules. */
export async function rulePlace(dir: string, name: string): Promise<SourcePlace | null> {
  const result = await loadRules([dir]);
  if (result.status === 'invalid') return null;
  return result.set.rules.find((rule) => rule.name === name)?.source ?? null;
}
