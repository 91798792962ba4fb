import type { Symbols } from '../domain/event/symbols.ts';
import type { Scope } from '../domain/scope.ts';
import type { KeyScope } from './fences.ts';
import type { Keys } from './keys.ts';

/** Which keys are exactly a scope. */
export interface FenceTarget {
  readonly kind: KeyScope;
  readonly isIt: (row: number) => boolean;
}

/** The keys that a fence of that scope is about; none for `global`, which is no key. */
export function fenceTargets(scope: Scope, symbols: Symbols, keys: Keys): readonly FenceTarget[] {
  const { tenants, tools, sessions } = symbols;
  const isTenant = (row: number, tenant: string) => tenants.text(keys.tenant(row)) === tenant;
  switch (scope.kind) {
    case 'global':
      return [];
    case 'tenant':
      return [{ kind: 'tenant', isIt: (row) => isTenant(row, scope.tenant) }];
    case 'session': {
      const session = sessions.find(scope.tenant, scope.session);
      return [{ kind: 'session', isIt: (row) => session !== 0 && keys.session(row) === session }];
    }
    case 'tool': {
      const { tenant, pattern } = scope;
      const isTool = (row: number) => tools.text(keys.tool(row)) === pattern;
      if (tenant === null) return [{ kind: 'global_tool', isIt: isTool }];
      return [{ kind: 'tool', isIt: (row) => isTool(row) && isTenant(row, tenant) }];
    }
  }
}
