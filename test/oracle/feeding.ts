import type { Condition, FieldTest, KeyTexts, Match } from '../../src/domain/rule.ts';
import type { Scope } from '../../src/domain/scope.ts';
import type { ToolLists } from '../../src/domain/tool-kind.ts';
import { fieldOf, globMatches, isBlocked, isCall, isResult, typeOf } from './event-facts.ts';
import type { Json, PlainEvent, PlainRule } from './plain.ts';

/** Which events a rule sees, and under which key ("Which events a rule sees", "Keys"). */

/** True when the event feeds the rule's measure. */
export function feeds(rule: PlainRule, event: PlainEvent, tools: ToolLists): boolean {
  if (isBlocked(event) && !asksForBlocked(rule.match)) return false;
  if (seesToolCallsOnly(rule) && typeOf(event) !== 'tool_call') return false;
  if (!seesPhase(rule, event)) return false;
  return matches(event, rule.match, tools);
}

/** True when the event's phase is one that the rule sees: the one it names, or results, or what its type takes. */
export function seesPhase(rule: PlainRule, event: PlainEvent): boolean {
  const named = rule.match.require.find((test) => test.field === 'phase');
  if (named !== undefined) return phasesOf(event).some((phase) => holdsForValue(named, phase));
  if (namesOutcome(rule.match)) return isResult(event);
  return seesEverything(rule) || isCall(event);
}

/** The types that take every event of every type and phase. */
function seesEverything(rule: PlainRule): boolean {
  const { measure } = rule;
  if (measure.type === 'value_sum' || measure.type === 'session_age' || measure.type === 'session_idle') return true;
  return measure.type === 'session_total' && measure.field !== 'actions';
}

function seesToolCallsOnly(rule: PlainRule): boolean {
  return !seesEverything(rule) && !rule.match.require.some((test) => test.field === 'type');
}

function namesOutcome(match: Match): boolean {
  const fields = [...match.require, ...match.forbid].map((test) => test.field);
  return fields.some((field) => field === 'status' || field === 'error_type' || field === 'latency_ms');
}

function asksForBlocked(match: Match): boolean {
  return match.require.some((test) => test.field === 'status' && holdsForValue(test, 'blocked'));
}

export function matches(event: PlainEvent, match: Match, tools: ToolLists): boolean {
  const holds = (test: FieldTest) => {
    // An event without a phase is both.
    if (test.field === 'phase') return phasesOf(event).some((phase) => holdsForValue(test, phase));
    const value = fieldOf(event, test.field, tools);
    return value !== undefined && holdsForValue(test, value);
  };
  return match.require.every(holds) && !match.forbid.some(holds);
}

function phasesOf(event: PlainEvent): readonly string[] {
  return event.phase === undefined ? ['call', 'result'] : [event.phase];
}

function holdsForValue(test: FieldTest, value: Json): boolean {
  if ('numbers' in test) return typeof value === 'number' && test.numbers.every((number) => compare(value, number));
  if (value === null || typeof value === 'object') return false;
  return test.globs.some((glob) => globMatches(glob, String(value)));
}

export function compare(value: number, { comparison, threshold }: Condition): boolean {
  switch (comparison) {
    case 'gt':
      return value > threshold;
    case 'gte':
      return value >= threshold;
    case 'lt':
      return value < threshold;
    case 'lte':
      return value <= threshold;
    case 'eq':
      return value === threshold;
    case 'neq':
      return value !== threshold;
  }
}

/** The key that the event belongs to; null when it lacks a part. */
export function keyOf(rule: PlainRule, event: PlainEvent): KeyTexts | null {
  const key: { -readonly [K in keyof KeyTexts]: KeyTexts[K] } = {};
  if (!rule.groupBy.includes('global_tool')) key.tenant = event.tenant_id;
  for (const part of rule.groupBy) {
    if (part === 'tenant') continue;
    if (part === 'session') key.session = event.session_id;
    else if (part === 'agent') key.agent = event.agent_id || undefined;
    else if (part === 'tool' || part === 'global_tool') key.tool = event.tool || undefined;
    else {
      const label = part.slice('labels.'.length);
      const value = event.labels?.[label];
      if (value === undefined) return null;
      key.labels = { ...key.labels, [label]: value };
    }
    if (part === 'agent' && key.agent === undefined) return null;
    if ((part === 'tool' || part === 'global_tool') && key.tool === undefined) return null;
  }
  return key;
}

/** The condition for a key: the first override that matches it, or the rule's own. */
export function conditionFor(rule: PlainRule, key: KeyTexts): Condition {
  const override = rule.overrides.find(({ match }) => {
    const holds = (test: FieldTest) => {
      const value = test.field.startsWith('labels.')
        ? key.labels?.[test.field.slice('labels.'.length)]
        : key[test.field as 'tenant' | 'session' | 'agent' | 'tool'];
      return value !== undefined && holdsForValue(test, value);
    };
    return match.require.every(holds) && !match.forbid.some(holds);
  });
  return override?.condition ?? rule.condition;
}

/** True when the rule's measures are keyed by exactly this scope and this key is that one. */
export function isExactScope(rule: PlainRule, key: KeyTexts, scope: Scope): boolean {
  const parts = rule.groupBy.filter((part) => part !== 'tenant').join();
  switch (scope.kind) {
    case 'global':
      return false;
    case 'tenant':
      return parts === '' && key.tenant === scope.tenant;
    case 'session':
      return parts === 'session' && key.tenant === scope.tenant && key.session === scope.session;
    case 'tool':
      if (scope.tenant === null) return parts === 'global_tool' && key.tool === scope.pattern;
      return parts === 'tool' && key.tenant === scope.tenant && key.tool === scope.pattern;
  }
}
