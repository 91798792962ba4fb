import type { AuditType } from '../domain/audit-record.ts';
import type { KillState } from '../domain/kill-state.ts';
import { joinModes, type ModeText } from '../domain/mode.ts';
import type { Scope } from '../domain/scope.ts';

/** What stands on a scope: its newest state, or null where it was never changed. */
export type Standing = KillState | null;

/** A state before it has its time, version and epoch: what a change wants to stand. */
export type Draft = Omit<KillState, 'at' | 'version' | 'epoch'>;

export const DAY_MS = 86_400_000;
/** How long session kills last, decision ids are remembered, cleared states are kept, and evidence may act. */
export const WEEK_MS = 7 * DAY_MS;

export function isTripped(standing: Standing): standing is KillState {
  return standing !== null && standing.mode !== 'none';
}

export function modeOf(standing: Standing): ModeText {
  return standing?.mode ?? 'none';
}

/** The later of two ends; none (null) is the latest. */
export function laterEnd(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : Math.max(a, b);
}

type InFlight = KillState['in_flight'];

/** True when calls in flight are cancelled: where nothing is said of them, `stop_all` does. */
export function cancels(mode: ModeText, inFlight: InFlight): boolean {
  return inFlight === null ? mode === 'stop_all' : inFlight === 'cancel';
}

/** What a state of that mode must say so that calls in flight are (not) cancelled; null where the mode says it already. */
export function sayInFlight(mode: ModeText, cancel: boolean): InFlight {
  if (cancel === cancels(mode, null)) return null;
  return cancel ? 'cancel' : 'finish';
}

/** The draft with a state's mode, expiry and calls in flight added to it: stricter or longer, never less. */
export function joinedWith(standing: Standing, draft: Draft): Draft {
  if (!isTripped(standing)) {
    return { ...draft, in_flight: sayInFlight(draft.mode, cancels(draft.mode, draft.in_flight)) };
  }
  const mode = joinModes(standing.mode, draft.mode);
  const cancel = cancels(draft.mode, draft.in_flight) || cancels(standing.mode, standing.in_flight);
  return {
    ...draft,
    mode,
    expires_at: laterEnd(standing.expires_at, draft.expires_at),
    in_flight: sayInFlight(mode, cancel),
  };
}

/** True when the draft stops no more, no less, no longer and no shorter than what stands. */
export function changesNothing(standing: Standing, draft: Draft): boolean {
  return (
    isTripped(standing) &&
    draft.mode === standing.mode &&
    draft.expires_at === standing.expires_at &&
    cancels(draft.mode, draft.in_flight) === cancels(standing.mode, standing.in_flight)
  );
}

/** The state that a draft becomes, with exactly the keys of the contract in their order. */
export function stateOf(draft: Draft, stamp: Pick<KillState, 'at' | 'version' | 'epoch'>): KillState {
  return {
    mode: draft.mode,
    reason: draft.reason,
    actor: draft.actor,
    decision_id: draft.decision_id,
    rule: draft.rule,
    evidence: draft.evidence,
    at: stamp.at,
    expires_at: draft.expires_at,
    version: stamp.version,
    in_flight: draft.in_flight,
    epoch: stamp.epoch,
    fence: draft.fence,
    hold_until: draft.hold_until,
  };
}

/** Far below 2^53 and far above any clock's microseconds: a version beyond it is damage, and not believed. */
const GREATEST_VERSION = 9_000_000_000_000_000;

/** @param now the store's time, ms. @returns a version greater than the last one, the clock in µs, and every known one. */
export function nextVersion(last: number, now: number, known: readonly (number | undefined)[]): number {
  const believed = known.filter((version) => version !== undefined && version + 1 < GREATEST_VERSION) as number[];
  return Math.max(last + 1, now * 1000, ...believed.map((version) => version + 1));
}

/** What the audit calls a change that trips or clears a scope of that kind. */
export function changeType(kind: Scope['kind'], mode: ModeText): AuditType {
  const cleared = mode === 'none';
  if (kind === 'session') return cleared ? 'session.restored' : 'session.terminated';
  if (kind === 'tool') return cleared ? 'tool.enabled' : 'tool.disabled';
  return cleared ? 'switch.cleared' : 'switch.tripped';
}
