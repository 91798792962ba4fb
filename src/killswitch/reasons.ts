import { type Actor, actorText, type KillState } from '../domain/kill-state.ts';
import type { Scope } from '../domain/scope.ts';

/** Words that both kill stores write into states, so that they are the same whoever writes them. */
export const EXPIRED = { before: 'Expired (was: ', after: ')' } as const;

/** The reason of a switch that its time has cleared: nobody lifted it, and why it stood is still told. */
export function expiredReason(reason: string): string {
  return EXPIRED.before + reason + EXPIRED.after;
}

export const REASSERTED = {
  /** What begins the addition to a reason: who had stopped it, since its actor is now who set it again. */
  mark: ' (first stopped by ',
  flag: ', and set again: its flag was gone; to clear it: sentinel restore, or SET ',
  tool: ', and set again: it was gone from its set; to enable it: sentinel tool enable)',
} as const;

/** The reason of a state whose flag was lost or deleted by hand: the old one, by whom, and how to clear it. Lost again, it stays. */
export function reassertedReason({ reason, actor }: KillState, scope: Scope, flagKey: string): string {
  if (reason.includes(REASSERTED.mark)) return reason;
  const how = scope.kind === 'tool' ? REASSERTED.tool : `${REASSERTED.flag}${flagKey} 0)`;
  return reason + REASSERTED.mark + actorText(actor) + how;
}

/** Why a scope denies of which the store has lost what it knew. */
export const STATE_LOST = 'The kill store has lost the state of this scope';

/** The reason of a change that was found in a flag or a set, and who made it: nobody can tell. */
export const SET_BY_HAND = 'Set by hand';
export const HAND: Actor = { kind: 'redis-cli', id: 'unknown' };
