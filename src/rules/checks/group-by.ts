import { type Check, isSessionMeasure } from './check.ts';

/** What a measure can be counted by. */
export const checkGroupBy: Check = (draft, rule, report) => {
  const written = draft.group_by ?? [];
  written.forEach((part, index) => {
    if (written.indexOf(part) < index) report(['group_by', index], `group_by names ${part} twice, expected it once`);
  });
  if (written.includes('global_tool') && written.length > 1) {
    report(
      ['group_by'],
      'group_by has global_tool beside other parts, expected [global_tool] alone: its key has no tenant',
    );
  }
  const { measure, groupBy, windowMs } = rule;
  if (isSessionMeasure(measure) && groupBy.join() !== 'session') {
    report(
      ['group_by'],
      `${measure.type} is measured per session, but group_by is [${written.join(', ')}], expected [session]`,
    );
  }
  if (measure.type === 'loop' && windowMs === null && !groupBy.includes('session')) {
    report(['group_by'], 'a loop without a window is counted per session, expected session in group_by, or a window');
  }
};
