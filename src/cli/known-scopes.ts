import { SentinelError } from '../domain/errors.ts';
import { compileGlob, isGlob } from '../domain/glob.ts';
import { nearest } from '../domain/nearest.ts';
import { type Scope, scopeTenant, scopeText } from '../domain/scope.ts';
import type { KillStore } from '../ports/kill-store.ts';
import { allStates } from './all-states.ts';
import { oneLine } from './format.ts';
import type { OpenedStore } from './open-store.ts';
import type { NamedScope } from './scope-words.ts';

/** More names than that are not compared: the nearest of a million would be chance. */
const COMPARED_MAX = 10_000;
/** Tenants that are named where several have a session. */
const NAMED = 5;

/**
 * Finds the tenant of a session that was named without one: among registered sessions and in the kill state.
 * @throws SentinelError `usage` where none or several have it.
 */
export async function wholeScope({ store }: OpenedStore, named: NamedScope): Promise<Scope> {
  if (named.kind !== 'session' || named.tenant !== null) return named as Scope;
  const { session } = named;
  const tenants = new Set((await store.sessionParents(session)).keys());
  for await (const { scope } of allStates(store)) {
    if (scope.kind === 'session' && scope.session === session) tenants.add(scope.tenant);
  }
  const [only] = tenants;
  if (only !== undefined && tenants.size === 1) return { kind: 'session', tenant: only, session };
  const found = only === undefined ? 'no tenant is known to have' : `${tenants.size} tenants have`;
  const first = [...tenants].slice(0, NAMED).map((tenant) => oneLine(tenant, 60));
  const which = only === undefined ? '' : ` (${first.join(', ')}${tenants.size > NAMED ? ' …' : ''})`;
  throw new SentinelError('usage', `${found} a session ${oneLine(session)}: name its tenant with --tenant${which}`);
}

/** Whether the store knows this scope; where not, the known scope that is most like it. */
export type Acquaintance = { readonly known: true } | { readonly known: false; readonly nearest: string | null };

export async function acquaintance(opened: OpenedStore, scope: Scope): Promise<Acquaintance> {
  if (scope.kind === 'global' || (await isKnown(opened, scope))) return { known: true };
  return { known: false, nearest: nearest(lastId(scope), await namesLike(opened, scope)) };
}

async function isKnown({ store, config }: OpenedStore, scope: Scope): Promise<boolean> {
  const [reading] = await store.read([scope]);
  if (reading !== undefined && (reading.state !== null || reading.byHand !== null)) return true;
  switch (scope.kind) {
    case 'session':
      return (await store.sessionParents(scope.session)).has(scope.tenant);
    case 'tenant':
      return (await tenants(store)).has(scope.tenant);
    case 'tool': {
      const { write, read } = (await store.config())?.tools ?? config.tools;
      return isGlob(scope.pattern) || [...write, ...read].some((tool) => compileGlob(tool)(scope.pattern));
    }
    default:
      return true;
  }
}

/** Those with a registered session, and those of which anything was ever stopped. */
async function tenants(store: KillStore): Promise<ReadonlySet<string>> {
  const names = new Set(await store.knownTenants(COMPARED_MAX));
  for await (const { scope } of allStates(store)) {
    const tenant = scopeTenant(scope);
    if (tenant !== null) names.add(tenant);
    if (names.size >= COMPARED_MAX) break;
  }
  return names;
}

async function namesLike({ store, config }: OpenedStore, scope: Scope): Promise<readonly string[]> {
  if (scope.kind === 'tenant') return [...(await tenants(store))];
  const names = new Set<string>();
  if (scope.kind === 'tool') for (const tool of [...config.tools.write, ...config.tools.read]) names.add(tool);
  for await (const { scope: known } of allStates(store)) {
    if (known.kind === scope.kind && scopeTenant(known) === scopeTenant(scope)) names.add(lastId(known));
    if (names.size >= COMPARED_MAX) break;
  }
  return [...names];
}

function lastId(scope: Scope): string {
  switch (scope.kind) {
    case 'global':
      return 'global';
    case 'tenant':
      return scope.tenant;
    case 'session':
      return scope.session;
    case 'tool':
      return scope.pattern;
  }
}

/** The nearest name as the scope that was meant. */
export function withLastId(scope: Scope, id: string): string {
  switch (scope.kind) {
    case 'tenant':
      return scopeText({ ...scope, tenant: id });
    case 'session':
      return scopeText({ ...scope, session: id });
    case 'tool':
      return scopeText({ ...scope, pattern: id });
    default:
      return scopeText(scope);
  }
}
