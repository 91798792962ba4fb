import { SentinelError } from '../domain/errors.ts';
import { type Scope, scopeText } from '../domain/scope.ts';
import { oneLine } from './format.ts';
import { acquaintance, withLastId } from './known-scopes.ts';
import type { OpenedStore } from './open-store.ts';
import type { Terminal } from './output.ts';

/**
 * A success that stopped nothing is worse than a question: asks again for a scope that nobody ever saw.
 * @returns false when the person says no. @throws SentinelError `usage` where nobody can be asked
 */
export async function confirmUnseen(
  opened: OpenedStore,
  scope: Scope,
  { yes, terminal }: { readonly yes: boolean; readonly terminal: Terminal },
): Promise<boolean> {
  if (yes) return true;
  const known = await acquaintance(opened, scope);
  if (known.seen) return true;
  const like = known.nearest === null ? '' : ` The nearest known one is ${oneLine(withLastId(scope, known.nearest))}.`;
  const what = `${oneLine(scopeText(scope))} was never seen on ${opened.place}.${like}`;
  if (terminal.ask === undefined)
    throw new SentinelError('usage', `${what} Nothing was changed; give --yes to go on all the same.`);
  const answer = await terminal.ask(`${what} Go on all the same? [y/N] `);
  if (/^\s*y(es)?\s*$/i.test(answer)) return true;
  terminal.err('Nothing was changed.\n');
  return false;
}
