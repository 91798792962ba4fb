import type { GuardStore } from './guard-store.ts';

/** A kill of any of them holds for the session: no more than this many, so that nobody builds a chain without end. */
export const ANCESTORS_MAX = 16;

/** Who the ancestors of a session are, outermost first. */
export interface Lineage {
  readonly ancestors: readonly string[];
  /** Why they are not to be had, in words; nothing may be allowed then. */
  readonly broken: string | null;
  /** The sessions that are their own ancestors; mostly none. */
  readonly circle: readonly string[];
}

export const IN_A_CIRCLE = 'the ancestors of this session form a circle';

/** Follows the registered parents of a session, in its tenant. @param parent as the caller says it; null: as registered */
export async function lineageOf(
  store: Pick<GuardStore, 'sessionParents'>,
  tenant: string,
  session: string,
  parent: string | null,
): Promise<Lineage> {
  const parentOf = async (each: string): Promise<string> => (await store.sessionParents(each)).get(tenant) ?? '';
  const chain = [session];
  let broken: string | null = null;
  let circle: readonly string[] = [];
  for (let next = parent ?? (await parentOf(session)); next !== ''; next = await parentOf(next)) {
    if (chain.includes(next)) circle = chain.slice(chain.indexOf(next));
    broken = circle.length > 0 ? IN_A_CIRCLE : tooLong(chain);
    if (broken !== null) break;
    chain.push(next);
  }
  return { ancestors: chain.slice(1).reverse(), broken, circle };
}

function tooLong(chain: readonly string[]): string | null {
  return chain.length > ANCESTORS_MAX ? `this session has more than ${ANCESTORS_MAX} ancestors` : null;
}
