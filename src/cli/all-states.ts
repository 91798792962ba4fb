import type { KillState } from '../domain/kill-state.ts';
import { parseScope, type Scope } from '../domain/scope.ts';
import type { KillReader } from '../ports/kill-store.ts';

/** One entry of the index. */
export interface IndexEntry {
  readonly scope: Scope;
  readonly text: string;
  readonly state: KillState;
}

const PAGE = 1_000;

/** Every entry, cleared ones too, by version. Keys that are no scopes are left out. */
export async function* allStates(store: Pick<KillReader, 'page'>): AsyncGenerator<IndexEntry> {
  for (let after: number | null = 0; after !== null; ) {
    const { states, next }: Awaited<ReturnType<KillReader['page']>> = await store.page(after, PAGE);
    for (const { scope: text, state } of states) {
      const scope = parseScope(text);
      if (scope !== null) yield { scope, text, state };
    }
    after = next;
  }
}
