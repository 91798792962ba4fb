import { SentinelError } from '../domain/errors.ts';
import { GLOBAL, parseScope, type Scope } from '../domain/scope.ts';

/** A scope as it was written; a session without its tenant is not whole yet. */
export type NamedScope = Scope | { readonly kind: 'session'; readonly tenant: null; readonly session: string };

/** How `--help` names them. */
export const SCOPE_ARGUMENT = 'session, tenant, tool or global; or a scope text like tenant:acme';

/** Ids are at most that many bytes, as in events (contract 3). */
const LONGEST_ID = 256;

/**
 * Reads `session s1 --tenant acme`, `tenant acme`, `tool email.* [--tenant acme]`, `global`, or a scope text.
 * @throws SentinelError `usage`, with how to write it.
 */
export function readScope(what: string, id: string | undefined, tenant: string | undefined): NamedScope {
  const scope = id === undefined ? fromOneWord(what, tenant) : fromWords(what, id, tenant);
  if (scope === null) throw wrong(id === undefined ? what : `${what} ${id}`);
  for (const part of idsOf(scope)) {
    if (part !== null && Buffer.byteLength(part) > LONGEST_ID)
      throw new SentinelError('usage', `an id of ${Buffer.byteLength(part)} bytes is too long, expected at most 256`);
  }
  return scope;
}

function fromOneWord(what: string, tenant: string | undefined): NamedScope | null {
  if (['session', 'tenant', 'tool'].includes(what)) return null;
  if (tenant !== undefined) throw new SentinelError('usage', `${what} takes no --tenant: it stands in the scope text`);
  return what === 'global' ? GLOBAL : parseScope(what);
}

function fromWords(what: string, id: string, tenant: string | undefined): NamedScope | null {
  if (id === '' || tenant === '') return null;
  switch (what) {
    case 'session':
      return { kind: 'session', tenant: tenant ?? null, session: id } as NamedScope;
    case 'tool':
      return { kind: 'tool', tenant: tenant ?? null, pattern: id };
    case 'tenant':
      if (tenant !== undefined)
        throw new SentinelError('usage', 'a tenant takes no --tenant: write "tenant ID" or "session ID --tenant T"');
      return { kind: 'tenant', tenant: id };
    default:
      return null;
  }
}

function idsOf(scope: NamedScope): readonly (string | null)[] {
  switch (scope.kind) {
    case 'global':
      return [];
    case 'tenant':
      return [scope.tenant];
    case 'session':
      return [scope.tenant, scope.session];
    case 'tool':
      return [scope.tenant];
  }
}

function wrong(text: string): SentinelError {
  return new SentinelError(
    'usage',
    `"${text}" is no scope, expected: session ID --tenant T, tenant ID, tool PATTERN [--tenant T], global, or a scope ` +
      'text like tenant:acme, session:acme:s1, tool:acme:email.send, tool::email.send',
  );
}
