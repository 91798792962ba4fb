import { compileGlobs } from '../domain/glob.ts';
import type { RuleSet } from '../domain/rule.ts';

/** A rule that asks for tools of which no event had one: nothing can make it fire, most likely a name is wrong. */
export interface BlindRule {
  readonly rule: string;
  readonly globs: readonly string[];
}

/** @param tools names of all tools that events had */
export function blindRules({ rules }: RuleSet, tools: readonly string[]): readonly BlindRule[] {
  return rules.flatMap(({ name, match }) => {
    const asked = match.require.find((test) => test.field === 'tool');
    if (asked === undefined || !('globs' in asked) || tools.some(compileGlobs(asked.globs))) return [];
    return [{ rule: name, globs: asked.globs }];
  });
}
