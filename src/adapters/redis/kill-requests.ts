import type { ScopedState } from '../../domain/kill-state.ts';
import { scopeText } from '../../domain/scope.ts';
import { type KillKeys, toolSetKey } from '../../killswitch/keys.ts';
import type { ClearRequest, TripRequest } from '../../ports/kill-store.ts';

/**
 * Requests as the script takes them. What it only splices into JSON (evidence, audit) goes in as text, so that no
 * number passes through the script's own JSON, which loses digits; what is null is left out.
 */
export function tripJson(request: TripRequest): string {
  const { evidence, audit, ...rest } = request;
  return requestJson({ ...rest, evidence: evidence === null ? null : json(evidence), audit: json(audit) }, request);
}

export function clearJson(request: ClearRequest): string {
  return requestJson(request, request);
}

/** JSON without halves of characters, which the script's JSON reader refuses. */
export function json(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => (typeof each === 'string' ? wellFormed(each) : each));
}

function requestJson(fields: object, { scope }: { readonly scope: TripRequest['scope'] }): string {
  const withText = { ...fields, scope: scopeText(scope) };
  return JSON.stringify(withText, (_key, each: unknown) => {
    if (each === null) return undefined;
    return typeof each === 'string' ? wellFormed(each) : each;
  });
}

function wellFormed(text: string): string {
  return /\p{Surrogate}/u.test(text) ? Buffer.from(text, 'utf8').toString('utf8') : text;
}

/** Scopes or states in one call of a script: small enough that Redis is never away for others. */
export const CHUNK = 500;

export function* chunks<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let first = 0; first < all.length; first += CHUNK) yield all.slice(first, first + CHUNK);
}

export function flat(states: readonly ScopedState[]): readonly string[] {
  return states.flatMap(({ scope, state }) => [scope, json(state)]);
}

/** What follows the name of the key of all sets of tools: nothing, or the tenant. */
export function setEnding(keys: KillKeys, tenant: string | null): string {
  return toolSetKey(keys, tenant).slice(keys.disabledTools.length);
}
