import type { GuardStore } from './guard-store.ts';

/** A kill of any of them holds for the session: no more than this many, so that nobody builds a chain without end. */
export const ANCESTORS_MAX = 16;

/** `ancestors`: outermost first. `broken`: why they are not to be had, in words; nothing may be allowed then. */
export type Lineage =
  | { readonly ancestors: readonly string[]; readonly broken: null }
  | { readonly ancestors: readonly string[]; readonly broken: string };

/** Follows the registered parents of a session, in its tenant. @param parent as the caller says it; null: as registered */
export async function lineageOf(
  store: Pick<GuardStore, 'sessionParents'>,
  tenant: string,
  session: string,
  parent: string | null,
): Promise<Lineage> {
  const parentOf = async (each: string): Promise<string> => (await store.sessionParents(each)).get(tenant) ?? '';
  const chain = [session];
  for (let next = parent ?? (await parentOf(session)); next !== ''; next = await parentOf(next)) {
    const broken = brokenBy(next, chain);
    if (broken !== null) return { ancestors: chain.slice(1).reverse(), broken };
    chain.push(next);
  }
  return { ancestors: chain.slice(1).reverse(), broken: null };
}

function brokenBy(next: string, chain: readonly string[]): string | null {
  if (chain.includes(next)) return 'the ancestors of this session form a circle';
  return chain.length > ANCESTORS_MAX ? `this session has more than ${ANCESTORS_MAX} ancestors` : null;
}
