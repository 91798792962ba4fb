import type { CompiledRule, Rule } from '../domain/rule.ts';

/**
 * Which new rule takes over the state of which old one: the one of the same name whose measure is the same, else one that has
 * the same measure and another name. @returns by place of the old rule the place of the new one
 */
export function successors(old: readonly Rule[], rules: readonly Rule[]): readonly (number | undefined)[] {
  const taken = new Set<number>();
  const take = (place: number): number | undefined => {
    if (place < 0) return undefined;
    taken.add(place);
    return place;
  };
  const byName = old.map((before) =>
    take(rules.findIndex((after) => after.name === before.name && after.measureHash === before.measureHash)),
  );
  return old.map(
    (before, i) =>
      byName[i] ??
      take(rules.findIndex((after, place) => !taken.has(place) && after.measureHash === before.measureHash)),
  );
}

/** A rule of a snapshot, as far as it can be until its successor is known: it matches nothing. */
export function storedRule(rule: Rule): CompiledRule {
  const none = () => false;
  return { rule, bind: () => none, slots: [], groupSlots: [], conditionFor: () => rule.condition };
}
