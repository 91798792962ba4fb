import type { BlindRule } from '../../rehearsal/blind-rules.ts';
import { count, oneLine } from '../format.ts';

const SHOWN = 8;

/** Empty where every rule that asks for tools has met one. */
export function blindRulesText(blind: readonly BlindRule[], tools: readonly string[]): string {
  if (blind.length === 0 || tools.length === 0) return '';
  const more = tools.length > SHOWN ? ` and ${tools.length - SHOWN} more` : '';
  const names = tools.slice(0, SHOWN).map((tool) => oneLine(tool, 60));
  return [
    `${count(blind.length, 'rule')} can see nothing here, no event has such a tool:`,
    ...blind.map(({ rule, globs }) => `  ${rule}: ${oneLine(globs.join(', '))}`),
    `  the events have ${names.join(', ')}${more}`,
    '',
  ].join('\n');
}
