/**
 * What a switch stops: one session, one tenant, one tool or everything.
 *
 * Scope text is the name of a scope in the kill state's index, in audit records and on the command line:
 * `global`, `tenant:<tenant>`, `session:<tenant>:<session>`, `tool:<tenant, empty for all>:<pattern>`.
 * The last id stands as it is; a tenant before another id has `:` and `%` percent-encoded, so a text
 * has exactly one reading.
 */
export type Scope =
  | { readonly kind: 'global' }
  | { readonly kind: 'tenant'; readonly tenant: string }
  | { readonly kind: 'session'; readonly tenant: string; readonly session: string }
  | { readonly kind: 'tool'; readonly tenant: string | null; readonly pattern: string };

export const GLOBAL: Scope = { kind: 'global' };

/** Encodes an id that is followed by another one in a key or scope text. */
export function encodeId(id: string): string {
  return id.replaceAll('%', '%25').replaceAll(':', '%3A');
}

/** The inverse of {@link encodeId}. */
export function decodeId(text: string): string {
  return text.replace(/%3A/gi, ':').replaceAll('%25', '%');
}

export function scopeText(scope: Scope): string {
  switch (scope.kind) {
    case 'global':
      return 'global';
    case 'tenant':
      return `tenant:${scope.tenant}`;
    case 'session':
      return `session:${encodeId(scope.tenant)}:${scope.session}`;
    case 'tool':
      return `tool:${scope.tenant === null ? '' : encodeId(scope.tenant)}:${scope.pattern}`;
  }
}

/** Reads a scope text; null when it is none. */
export function parseScope(text: string): Scope | null {
  if (text === 'global') return GLOBAL;
  const first = text.indexOf(':');
  if (first < 0) return null;
  const kind = text.slice(0, first);
  const rest = text.slice(first + 1);
  if (kind === 'tenant') return rest === '' ? null : { kind: 'tenant', tenant: rest };
  const second = rest.indexOf(':');
  if (second < 0) return null;
  const owner = decodeId(rest.slice(0, second));
  const last = rest.slice(second + 1);
  if (last === '') return null;
  if (kind === 'session') return owner === '' ? null : { kind: 'session', tenant: owner, session: last };
  if (kind === 'tool') return { kind: 'tool', tenant: owner === '' ? null : owner, pattern: last };
  return null;
}

/** The tenant that a scope belongs to; null for what concerns all. */
export function scopeTenant(scope: Scope): string | null {
  return scope.kind === 'global' ? null : scope.tenant;
}
