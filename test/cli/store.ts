/** The embedded store behind a shell, for what no command does: acting as the automation, or as a guard. */
import { openEmbeddedKillStore } from '../../src/adapters/embedded/kill-store.ts';
import type { BriefEvidence } from '../../src/domain/kill-state.ts';
import type { Scope } from '../../src/domain/scope.ts';
import { DEFAULT_NAMES } from '../../src/killswitch/keys.ts';
import type { KillStore } from '../../src/ports/kill-store.ts';
import type { Shell } from './harness.ts';

export async function onStore<T>(sh: Pick<Shell, 'env'>, work: (store: KillStore) => Promise<T>): Promise<T> {
  const store = openEmbeddedKillStore({
    dir: sh.env.SENTINEL_DIR ?? '',
    names: DEFAULT_NAMES,
    modeWhenEnabled: 'disable_writes',
    clock: { now: Date.now },
  });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

export const EVIDENCE: BriefEvidence = {
  measure: 'event_count',
  value: 31,
  threshold: 30,
  window_ms: 60_000,
  events: [
    { topic: 'agent.tool-calls', partition: 3, offset: 128 },
    { topic: 'agent.tool-calls', partition: 3, offset: 129 },
  ],
};

let decisions = 0;

/** A rule stops a scope. @returns the decision's id */
export async function ruleTrips(store: KillStore, scope: Scope, rule: string): Promise<string> {
  const decisionId = `${String(++decisions).padStart(8, '0')}c0ffee00c0ffee00c0ffee00`;
  const outcome = await store.trip({
    ...{ scope, mode: 'stop_all', reason: 'Auto-kill: event_count anomaly: 31 in 1m, limit 30' },
    ...{
      actor: { kind: 'sentinel', id: 'sentinel' },
      decisionId,
      rule,
      evidence: EVIDENCE,
      ttlMs: null,
      inFlight: null,
    },
    automation: { evidenceAppendedAt: await store.time(), limits: [], escalation: null },
    audit: { severity: 'critical', action: 'terminate_session', rule: null, evidence: null, timing: null },
  });
  if (outcome.status !== 'applied') throw new Error(`the rule's trip was ${outcome.status}`);
  return decisionId;
}
