import type { FieldPlan } from '../../domain/event/view.ts';
import type { MeasureSpec, Rule } from '../../domain/rule.ts';

/** Paths that have to be looked up in an event; everything else stands in the view itself. */
export function isSlot(path: string): boolean {
  return path.startsWith('args.') || path.startsWith('labels.');
}

/** What the rules need from an event, each path once, in the order in which rules name them. */
export function planFields(rules: readonly Rule[]): FieldPlan {
  const slots = new Set(
    rules.flatMap((rule) => [...matchedFields(rule), ...measuredParts(rule.measure), ...rule.groupBy]),
  );
  return {
    slots: [...slots].filter(isSlot),
    args: rules.some((rule) => measuredParts(rule.measure).includes('args')),
  };
}

/** What a measure reads, in the order of its spec. */
export function measuredParts(measure: MeasureSpec): readonly string[] {
  switch (measure.type) {
    case 'value_sum':
      return [measure.field];
    case 'duplicate_count':
    case 'loop':
      return measure.fingerprint;
    case 'event_count':
    case 'session_total':
    case 'session_age':
    case 'session_idle':
      return [];
  }
}

function matchedFields({ match }: Rule): readonly string[] {
  return [...match.require, ...match.forbid].map(({ field }) => field);
}
