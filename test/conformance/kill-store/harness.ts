/** What an adapter gives to the kill store's laws, and the requests that the laws are written with. */

import type { Actor, BriefEvidence, KillState } from '../../../src/domain/kill-state.ts';
import type { LimitSpend } from '../../../src/domain/limit-spend.ts';
import type { Mode } from '../../../src/domain/mode.ts';
import { GLOBAL, type Scope } from '../../../src/domain/scope.ts';
import type {
  Automation,
  ChangeNote,
  ChangeOutcome,
  ClearRequest,
  KillStore,
  TripAudit,
  TripRequest,
} from '../../../src/ports/kill-store.ts';

export interface Harness {
  /** `mode_when_enabled` is `disable_writes`; names are the default ones. */
  readonly store: KillStore;
  readonly byHand: ByHand;
  /** Moves the store's clock, ms: forward, or back where negative. */
  advance(ms: number): void;
  /** Everything is lost, as by FLUSHALL; the same `store` goes on. */
  wipe(): Promise<void>;
  close(): Promise<void>;
}

/** The store without us: what a person with redis-cli sees and does. Keys are those of contract 5. */
export interface ByHand {
  /** With `px` the text disappears by itself after that many ms. */
  set(key: string, text: string, options?: { readonly px: number }): Promise<void>;
  get(key: string): Promise<string | null>;
  /** Remaining ms of a Redis expiry; null: none. */
  px(key: string): Promise<number | null>;
  del(key: string): Promise<void>;
  sadd(key: string, member: string): Promise<void>;
  srem(key: string, member: string): Promise<void>;
  members(key: string): Promise<readonly string[]>;
  /** Puts something that is neither a text nor a set under the key (Redis: a list). */
  wrongType(key: string): Promise<void>;
}

export interface HarnessOptions {
  /** Outbox entries from which on automation holds; 100,000 where absent. */
  readonly outboxMax?: number;
}

export type MakeHarness = (options?: HarnessOptions) => Promise<Harness>;

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const WEEK = 7 * DAY;

export const SENTINEL: Actor = { kind: 'sentinel', id: 'sentinel-1' };
export const ANNA: Actor = { kind: 'operator', id: 'anna' };

export const tenant = (name: string): Scope => ({ kind: 'tenant', tenant: name });
export const session = (owner: string, name: string): Scope => ({ kind: 'session', tenant: owner, session: name });
export const tool = (owner: string | null, pattern: string): Scope => ({ kind: 'tool', tenant: owner, pattern });
export { GLOBAL };

export const EVIDENCE: BriefEvidence = {
  measure: 'value_sum:cost_usd',
  value: 0.1 + 0.2,
  threshold: 1e-9,
  window_ms: 600_000,
  events: [{ topic: 'agent.tool-calls', partition: 3, offset: 9_007_199_254_740_991, event_id: 'e/"1' }],
};

export const AUDIT: TripAudit = {
  severity: 'critical',
  action: 'flip_tenant',
  rule: { name: 'Burn', group: 'cost', hash: 'abc' },
  evidence: { ...EVIDENCE, score: null, window_end: 1_700_000_000_123 },
  timing: { event_ts: 1, appended_at: 2, decided_at: null },
};

let decisions = 0;

/** A decision id that no other request has. */
export function newDecision(): string {
  decisions += 1;
  return `decision-${decisions}`;
}

type TripOverrides = Partial<TripRequest>;

/** An operator's trip: `disable_writes` for good, unless said otherwise. */
export function byOperator(scope: Scope, overrides: TripOverrides = {}): TripRequest {
  return {
    scope,
    mode: scope.kind === 'tool' ? null : 'disable_writes',
    reason: 'an operator says so',
    actor: ANNA,
    decisionId: newDecision(),
    rule: null,
    evidence: null,
    ttlMs: null,
    inFlight: null,
    audit: { severity: 'critical', action: 'kill', rule: null, evidence: null, timing: null },
    ...overrides,
  };
}

/** A rule's trip on evidence appended at that time, spending these limits. */
export function byRule(scope: Scope, automation: Partial<Automation>, overrides: TripOverrides = {}): TripRequest {
  return {
    ...byOperator(scope),
    reason: 'Auto-kill: cost_usd anomaly: 12.40 in 10m, limit 10.00',
    actor: SENTINEL,
    rule: 'Burn',
    evidence: EVIDENCE,
    audit: AUDIT,
    automation: { evidenceAppendedAt: 0, limits: [], escalation: null, ...automation },
    ...overrides,
  };
}

/** A rule's trip on evidence that is new now. */
export async function byRuleNow(
  { store }: Harness,
  scope: Scope,
  overrides: TripOverrides = {},
  limits: readonly LimitSpend[] = [],
  escalation: Automation['escalation'] = null,
): Promise<TripRequest> {
  // One ms past the store's clock: newer than a fence that was left within the same ms.
  return byRule(scope, { evidenceAppendedAt: (await store.time()) + 1, limits, escalation }, overrides);
}

export function clearing(scope: Scope, overrides: Partial<ClearRequest> = {}): ClearRequest {
  return { scope, reason: 'looked at it', actor: ANNA, decisionId: newDecision(), holdMs: null, ...overrides };
}

/** The state of a change that must have been applied. */
export function applied(outcome: ChangeOutcome): KillState {
  if (outcome.status !== 'applied') throw new Error(`expected applied, got ${JSON.stringify(outcome)}`);
  return outcome.state;
}

/** Of a refusal its code, of anything else its status: what most laws are about. */
export function verdictOf(outcome: ChangeOutcome): string {
  return outcome.status === 'refused' ? outcome.code : outcome.status;
}

/** The state of one scope as the index has it. */
export async function stateOf({ store }: Harness, scope: Scope): Promise<KillState | null> {
  return (await store.read([scope]))[0]?.state ?? null;
}

export async function modeOf(harness: Harness, scope: Scope): Promise<string | null> {
  return (await stateOf(harness, scope))?.mode ?? null;
}

/** Everything in the outbox, oldest first. */
export async function notes({ store }: Harness): Promise<readonly ChangeNote[]> {
  return (await store.entries(null, 10_000)).map((entry) => entry.note);
}

/** Makes the store complete: what a daemon does before automation may act. */
export async function initialised(make: MakeHarness, options: HarnessOptions = {}): Promise<Harness> {
  const harness = await make(options);
  await harness.store.initialise([], SENTINEL);
  return harness;
}

/** A state as a guard or the topic may hold it. */
export function stateWith(overrides: Partial<KillState> & { readonly version: number }): KillState {
  return {
    mode: 'stop_all',
    reason: 'known elsewhere',
    actor: ANNA,
    decision_id: 'elsewhere-1',
    rule: null,
    evidence: null,
    at: 1_700_000_000_000,
    expires_at: null,
    in_flight: null,
    epoch: 'an-older-epoch',
    fence: null,
    hold_until: null,
    ...overrides,
  };
}

export const ALL_MODES: readonly Mode[] = ['stop_new_runs', 'disable_writes', 'stop_all'];
