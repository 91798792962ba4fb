import { compileGlob } from '../domain/glob.ts';
import { type Scope, scopeText } from '../domain/scope.ts';
import { isTripped } from '../killswitch/standing.ts';
import type { KillReader } from '../ports/kill-store.ts';
import { allStates, type IndexEntry } from './all-states.ts';

/** What stands beside a scope and still stops (some of) its calls. */
export interface StillDenying {
  /** Wider than the scope, or an ancestor: stop all of it. */
  readonly above: readonly IndexEntry[];
  /** Parts of it: its sessions, its tools. */
  readonly within: readonly IndexEntry[];
}

const ANCESTORS_MAX = 16;

/** After a restore: it lifts exactly one scope, and others may cover it. */
export async function stillDenying(store: KillReader, restored: Scope): Promise<StillDenying> {
  const ancestors = restored.kind === 'session' ? await ancestorsOf(store, restored) : new Set<string>();
  const above: IndexEntry[] = [];
  const within: IndexEntry[] = [];
  const self = scopeText(restored);
  for await (const entry of allStates(store)) {
    if (!isTripped(entry.state) || entry.text === self) continue;
    if (ancestors.has(entry.text) || covers(entry.scope, restored)) above.push(entry);
    else if (covers(restored, entry.scope)) within.push(entry);
  }
  return { above, within };
}

/** True when a stop of `wide` reaches (some) calls of `narrow`. */
function covers(wide: Scope, narrow: Scope): boolean {
  switch (wide.kind) {
    case 'global':
      return true;
    case 'tenant':
      return narrow.kind !== 'global' && narrow.tenant === wide.tenant;
    case 'session':
      return false;
    case 'tool':
      return coversTool(wide, narrow);
  }
}

function coversTool(wide: Extract<Scope, { kind: 'tool' }>, narrow: Scope): boolean {
  const reaches = wide.tenant === null || (narrow.kind !== 'global' && narrow.tenant === wide.tenant);
  if (narrow.kind === 'session') return reaches;
  // A tool of all or of the tenant is a part of the tenant's calls, told as such; of tools the same, or a pattern over it.
  if (narrow.kind === 'tool') return reaches && compileGlob(wide.pattern)(narrow.pattern);
  return wide.tenant === null && narrow.kind === 'tenant';
}

/** Texts of the sessions above it, nearest first; a cycle ends it. */
async function ancestorsOf(store: KillReader, of: Extract<Scope, { kind: 'session' }>): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  let session: string | undefined = of.session;
  while (found.size < ANCESTORS_MAX) {
    session = (await store.sessionParents(session)).get(of.tenant);
    if (session === undefined || session === '') break;
    const text = scopeText({ ...of, session });
    if (found.has(text)) break;
    found.add(text);
  }
  return found;
}
