import type { Compared, Difference } from '../../rehearsal/difference.ts';
import { oneLine } from '../format.ts';
import { table } from '../output.ts';

const SHOWN = 20;

/** How the decisions of two rule sets differ: counts by rule, then the keys. */
export function differenceTable({ onlyRules, onlyAgainst, both }: Difference): string {
  const all = [...onlyRules, ...onlyAgainst, ...both];
  const names = [...new Set(all.map(({ rule, action }) => `${rule}\n${action}`))].sort();
  const counts = names.map((name) => {
    const of = (some: readonly Compared[]) =>
      String(some.filter(({ rule, action }) => `${rule}\n${action}` === name).length);
    const [rule = '', action = ''] = name.split('\n');
    return [rule, of(onlyRules), of(onlyAgainst), of(both), action];
  });
  const total = ['all', ...[onlyRules, onlyAgainst, both].map(({ length }) => String(length)), ''];
  const parts = [table([['RULE', 'ONLY --rules', 'ONLY --against', 'BOTH', 'ACTION'], ...counts, total])];
  parts.push(...listed('ONLY --rules', onlyRules), ...listed('ONLY --against', onlyAgainst));
  return parts.join('\n');
}

function listed(title: string, compared: readonly Compared[]): string[] {
  if (compared.length === 0) return [];
  const rows = compared.slice(0, SHOWN).map(({ rule, action, scope }) => [rule, action, oneLine(scope)]);
  const more = compared.length > SHOWN ? [[`and ${compared.length - SHOWN} more: -o json lists all`]] : [];
  return [table([[title, 'ACTION', 'SCOPE'], ...rows, ...more])];
}
