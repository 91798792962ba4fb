import type { Action, Rule } from '../../domain/rule.ts';
import { defaultActions } from '../defaults.ts';
import { type Check, knowsOperation } from './check.ts';

/** Whether each action has somebody to concern. */
export const checkActions: Check = (draft, rule, report) => {
  if (draft.actions === undefined && rule.severity === 'critical' && defaultActions(rule) === null) {
    const grouped = `grouped by [${(draft.group_by ?? rule.groupBy).join(', ')}]`;
    report(
      ['severity'],
      `a critical rule ${grouped} has no action of its own, expected actions (actions: [] only alerts)`,
    );
  }
  const written = draft.actions ?? [];
  if (written.length > 0 && rule.severity !== 'critical') {
    const instead = 'expected severity: critical, or no actions (simulate: true only rehearses them)';
    report(['severity'], `severity is ${rule.severity}, and only critical rules act, ${instead}`);
  }
  written.forEach((action, index) => {
    const message = twice(action, index, written) ?? actionProblem(action, rule);
    if (message !== null) report(['actions', index], message);
  });
};

function twice(action: Action, index: number, all: readonly Action[]): string | null {
  const first = all.findIndex((other) => other.type === action.type);
  return first < index ? `${action.type} stands here twice, expected it once` : null;
}

function actionProblem(action: Action, rule: Rule): string | null {
  const { groupBy, measure } = rule;
  const forAllTenants = groupBy.includes('global_tool');
  switch (action.type) {
    case 'terminate_session':
      if (groupBy.includes('session') || knowsOperation(measure)) return null;
      return `terminate_session has no session to end: ${measureName(rule)} is grouped by [${groupBy.join(', ')}], expected session in group_by, or flip_tenant`;
    case 'flip_tenant':
      return forAllTenants
        ? 'flip_tenant has no tenant: global_tool counts over all of them, expected another group_by'
        : null;
    case 'disable_tool':
      if (forAllTenants)
        return 'disable_tool has no tenant: global_tool counts over all of them, expected group_by [tool]';
      return namesTool(rule)
        ? null
        : 'disable_tool has no single tool, expected tool in group_by, or duplicate_count or loop with tool in the fingerprint';
    case 'flip_global':
      return null;
  }
}

function namesTool({ groupBy, measure }: Rule): boolean {
  if (groupBy.includes('tool')) return true;
  return knowsOperation(measure) && 'fingerprint' in measure && measure.fingerprint.includes('tool');
}

function measureName({ measure }: Rule): string {
  return measure.type === 'loop' && measure.distinctOfLast !== null ? 'loop with distinct_of_last' : measure.type;
}
