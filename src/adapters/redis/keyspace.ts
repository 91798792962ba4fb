import type { Redis } from 'ioredis';
import type { Scope } from '../../domain/scope.ts';
import { flagKey, type KillKeys, scopeOfFlag, tenantOfToolSet } from '../../killswitch/keys.ts';
import type { RedisClient, RedisLink } from './connect.ts';

export interface FoundFlags {
  readonly scopes: readonly Scope[];
  /** Tenants whose sets of disabled tools exist; null: the set of all. */
  readonly toolSets: readonly (string | null)[];
}

/** Keys that one step of a scan looks at. */
const STEP = 500;

/** Every flag and set of disabled tools in the keyspace, in bounded steps; some may come twice. */
export async function* flagsInKeyspace(link: RedisLink, keys: KillKeys): AsyncGenerator<FoundFlags> {
  const pattern = `${escaped(commonStart([keys.globalFlag, keys.tenantFlags, keys.sessionFlags, keys.disabledTools]))}*`;
  const servers = await link.run(async (client) => serversOf(client));
  for (const server of servers) {
    let cursor = '0';
    do {
      const [next, names] = await link.run(() => server.scan(cursor, 'MATCH', pattern, 'COUNT', STEP));
      cursor = next;
      const found = flagsAmong(keys, names);
      if (found.scopes.length > 0 || found.toolSets.length > 0) yield found;
    } while (cursor !== '0');
  }
}

function flagsAmong(keys: KillKeys, names: readonly string[]): FoundFlags {
  const scopes: Scope[] = [];
  const toolSets: (string | null)[] = [];
  for (const name of names) {
    const tenant = tenantOfToolSet(keys, name);
    if (tenant !== undefined) {
      toolSets.push(tenant);
      continue;
    }
    const scope = scopeOfFlag(keys, name);
    // A name that is not how we would write it (an id that was not encoded) is nobody's flag.
    if (scope !== null && flagKey(keys, scope) === name) scopes.push(scope);
  }
  return { scopes, toolSets };
}

function serversOf(client: RedisClient): readonly Redis[] {
  return client.isCluster ? (client as Exclude<RedisClient, Redis>).nodes('master') : [client as Redis];
}

function commonStart(names: readonly string[]): string {
  const [first = '', ...others] = names;
  let length = first.length;
  while (!others.every((name) => name.startsWith(first.slice(0, length)))) length -= 1;
  return first.slice(0, length);
}

/** A glob that matches exactly this text. */
function escaped(text: string): string {
  return text.replace(/[\\*?[\]^-]/g, '\\$&');
}
