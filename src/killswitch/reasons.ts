import type { Actor } from '../domain/kill-state.ts';
import type { Scope } from '../domain/scope.ts';

/** Words that both kill stores write into states, so that they are the same whoever writes them. */
export const EXPIRED = 'Expired';

export const REASSERTED = {
  /** What begins the addition to a reason; whatever follows it is replaced when a flag is lost once more. */
  mark: ' (set again: ',
  flag: 'its flag was gone; to clear it: sentinel restore, or SET ',
  tool: 'it was gone from its set; to enable it: sentinel tool enable)',
} as const;

/** The reason of a state whose flag was lost or deleted by hand: the old one, and how to clear it. */
export function reassertedReason(reason: string, scope: Scope, flagKey: string): string {
  const mark = reason.indexOf(REASSERTED.mark);
  const original = mark < 0 ? reason : reason.slice(0, mark);
  const how = scope.kind === 'tool' ? REASSERTED.tool : `${REASSERTED.flag}${flagKey} 0)`;
  return original + REASSERTED.mark + how;
}

/** The reason of a change that was found in a flag or a set, and who made it: nobody can tell. */
export const SET_BY_HAND = 'Set by hand';
export const HAND: Actor = { kind: 'redis-cli', id: 'unknown' };
