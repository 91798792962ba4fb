import type { Symbols } from '../domain/event/symbols.ts';
import type { EventView, FieldPlan } from '../domain/event/view.ts';
import { compileKeyMatch } from '../domain/key-match.ts';
import type { CompiledRule, CompiledRuleSet, Condition, KeyTexts, Rule, RuleSet } from '../domain/rule.ts';
import { defaultFilter } from './compile/event-filter.ts';
import { and, type BoundTest, type EventTest } from './compile/event-test.ts';
import { compileFieldTest, type SlotOf } from './compile/field-test.ts';
import { isSlot, measuredParts, planFields } from './compile/slots.ts';

/** Makes a valid rule set ready for the engine: nothing about a rule is decided again while events pass. */
export function compileRules(set: RuleSet): CompiledRuleSet {
  const plan = planFields(set.rules);
  return { set, plan, rules: set.rules.map((rule) => compileRule(rule, plan)) };
}

function compileRule(rule: Rule, plan: FieldPlan): CompiledRule {
  const slotOf: SlotOf = (path) => (isSlot(path) ? plan.slots.indexOf(path) : -1);
  return {
    rule,
    bind: compileMatch(rule, slotOf),
    slots: measuredParts(rule.measure).map(slotOf),
    groupSlots: rule.groupBy.map(slotOf),
    conditionFor: compileConditions(rule),
  };
}

function compileMatch(rule: Rule, slotOf: SlotOf): (symbols: Symbols) => (view: EventView) => boolean {
  const filter = defaultFilter(rule);
  const require = rule.match.require.map((test) => compileFieldTest(test, slotOf));
  const forbid = rule.match.forbid.map((test) => negated(compileFieldTest(test, slotOf)));
  const ranked = [...require, ...forbid].sort((a, b) => a.rank - b.rank);
  return (symbols) => {
    const tests = ranked.map(({ bind }) => bind(symbols));
    return and(filter === null ? tests : [filter, ...tests]) ?? everything;
  };
}

function negated({ rank, bind }: { readonly rank: number; readonly bind: BoundTest }) {
  const opposite: BoundTest = (symbols) => {
    const test = bind(symbols);
    return (view) => !test(view);
  };
  return { rank, bind: opposite };
}

const everything: EventTest = () => true;

/** The first override that matches the key, or the rule's own condition. */
function compileConditions(rule: Rule): (key: KeyTexts) => Condition {
  if (rule.overrides.length === 0) return () => rule.condition;
  const overrides = rule.overrides.map(({ match, condition }) => ({ holds: compileKeyMatch(match), condition }));
  return (key) => overrides.find(({ holds }) => holds(key))?.condition ?? rule.condition;
}
