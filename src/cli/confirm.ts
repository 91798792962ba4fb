import { SentinelError } from '../domain/errors.ts';
import { type Scope, scopeText } from '../domain/scope.ts';
import { oneLine } from './format.ts';
import { acquaintance, withLastId } from './known-scopes.ts';
import type { OpenedStore } from './open-store.ts';
import type { Terminal } from './output.ts';

/** When the store knows one. Whom events alone have named the daemon knows, and that is not asked. */
const KNOWN: Readonly<Record<Exclude<Scope['kind'], 'global'>, string>> = {
  session: 'a session is once a guard has opened it or it was stopped',
  tenant: 'a tenant is once a guard has opened a session of it or something of it was stopped',
  tool: 'a tool is once it stands in tools.write or tools.read or was disabled',
};

/**
 * A success that stopped nothing is worse than a question: asks again for a scope that the store does not know.
 * @returns false when the person says no. @throws SentinelError `usage` where nobody can be asked
 */
export async function confirmUnknown(
  opened: OpenedStore,
  scope: Scope,
  { yes, terminal }: { readonly yes: boolean; readonly terminal: Terminal },
): Promise<boolean> {
  if (yes || scope.kind === 'global') return true;
  const found = await acquaintance(opened, scope);
  if (found.known) return true;
  const like = found.nearest === null ? '' : ` The nearest known one is ${oneLine(withLastId(scope, found.nearest))}.`;
  const what = `${oneLine(scopeText(scope))} is not known on ${opened.place}: ${KNOWN[scope.kind]}.${like}`;
  if (terminal.ask === undefined)
    throw new SentinelError('usage', `${what} Nothing was changed; give --yes to go on all the same.`);
  const answer = await terminal.ask(`${what} Go on all the same? [y/N] `);
  if (/^\s*y(es)?\s*$/i.test(answer)) return true;
  terminal.err('Nothing was changed.\n');
  return false;
}
