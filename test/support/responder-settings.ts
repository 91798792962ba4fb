import type { ResponderSettings } from '../../src/responder/settings.ts';

/** What the configuration says by default. */
export const SETTINGS: ResponderSettings = {
  log: 'cluster/topic',
  simulate: false,
  staleAfterMs: 300_000,
  modeWhenEnabled: 'disable_writes',
  limits: {
    sessionKills: { max: 20, perMs: 60_000 },
    timeouts: { max: 200, perMs: 60_000 },
    tenantFlips: { max: 3, perMs: 600_000 },
    shareOfActiveSessions: { max: 0.1, perMs: 600_000, atLeast: 5 },
  },
  onLimit: 'escalate',
};
