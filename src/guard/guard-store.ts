import type { KillStore } from '../ports/kill-store.ts';

/** What a guard asks of a kill store: the reading side, and the changes that are its own to make. */
export const GUARD_STORE_METHODS = [
  'config',
  'read',
  'poll',
  'disabledTools',
  'trippedTenants',
  'subscribe',
  'sessionParents',
  'adopt',
  'reassert',
  'registerSession',
  'acknowledgeGuard',
  'forgetGuard',
  'close',
] as const satisfies readonly (keyof KillStore)[];

export type GuardStore = Pick<KillStore, 'place' | (typeof GUARD_STORE_METHODS)[number]>;
