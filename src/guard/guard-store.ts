import type { KillStore } from '../ports/kill-store.ts';

/** What a guard needs of a kill store: the reading side, and the changes that are its own to make. */
export type GuardStore = Pick<
  KillStore,
  | 'place'
  | 'config'
  | 'read'
  | 'poll'
  | 'disabledTools'
  | 'trippedTenants'
  | 'subscribe'
  | 'sessionParents'
  | 'adopt'
  | 'reassert'
  | 'registerSession'
  | 'acknowledgeGuard'
  | 'forgetGuard'
  | 'close'
>;
