import type { Decision, SuppressionCode } from '../domain/decision.ts';
import { compileKeyMatch } from '../domain/key-match.ts';
import type { Exception, KeyTexts } from '../domain/rule.ts';
import { rfc3339 } from '../domain/time.ts';

/** What the ladder judges by, besides the decision itself. */
export interface Circumstances {
  /** Of the decision's partition, epoch ms. */
  readonly horizon: number;
  /** Wall clock, epoch ms; the horizon in a backtest. */
  readonly wall: number;
  /** Time of the cause of this rule's and key's last applied decision; null when there is none. */
  readonly lastCauseAt: number | null;
  readonly staleAfterMs: number;
}

/** Go on to the kill switch, or the reason why not. */
export type Judgement =
  | { readonly act: true }
  | { readonly act: false; readonly code: SuppressionCode; readonly detail: string };

const ACT: Judgement = { act: true };

/**
 * The ladder: the first rung that holds a decision back says why. What only the kill store knows
 * (already tripped, fences, holds, limits) is judged there, in the same step that acts.
 */
export function judge(decision: Decision, now: Circumstances): Judgement {
  const { rule, key } = decision.alert;
  if (rule.severity !== 'critical') return no('severity', `only critical rules act, this one is ${rule.severity}`);
  const exception = rule.exceptions.find((candidate) => excepts(candidate, key, now.horizon));
  if (exception) return no('exception', exceptionText(exception));
  if (now.lastCauseAt !== null && now.horizon < now.lastCauseAt + rule.cooldownMs)
    return no('cooldown', 'the rule acted on this key less than its cooldown ago');
  if (now.wall - now.horizon > now.staleAfterMs)
    return no('stale', 'the evidence is older than responder.stale_after: waiting until the backlog is read');
  return ACT;
}

function no(code: SuppressionCode, detail: string): Judgement {
  return { act: false, code, detail };
}

function excepts(exception: Exception, key: KeyTexts, horizon: number): boolean {
  if (exception.until !== null && horizon >= exception.until) return false;
  return compileKeyMatch(exception.match)(key);
}

function exceptionText({ comment, until }: Exception): string {
  const end = until === null ? '' : ` until ${rfc3339(until)}`;
  return `an exception of the rule covers this key${end}${comment === '' ? '' : `: ${comment}`}`;
}
