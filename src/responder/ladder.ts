import type { Decision, SuppressionCode } from '../domain/decision.ts';
import { compileKeyMatch } from '../domain/key-match.ts';
import type { Exception, KeyTexts } from '../domain/rule.ts';
import { rfc3339 } from '../domain/time.ts';

/** What the ladder judges by, besides the decision itself. */
export interface Circumstances {
  /** The horizon that it is judged for, epoch ms: of the alert, or of the end of what it waited for. */
  readonly at: number;
  /** Of the decision's partition as it is now, epoch ms. */
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
  | {
      readonly act: false;
      readonly code: SuppressionCode;
      readonly detail: string;
      /** When to judge again: a time on the horizon, or null for never. `retry`: only the present can tell. */
      readonly until: number | null | 'retry';
    };

const ACT: Judgement = { act: true };

/**
 * The ladder: the first rung that holds a decision back says why. What only the kill store knows
 * (already tripped, fences, holds, limits) is judged there, in the same step that acts.
 */
export function judge(decision: Decision, now: Circumstances): Judgement {
  const { rule, key } = decision.alert;
  if (rule.severity !== 'critical')
    return no('severity', `only critical rules act, this one is ${rule.severity}`, null);
  const exception = rule.exceptions.find((candidate) => excepts(candidate, key, now.at));
  if (exception) return no('exception', exceptionText(exception), exception.until);
  const cooledAt = now.lastCauseAt === null ? 0 : now.lastCauseAt + rule.cooldownMs;
  if (now.at < cooledAt) return no('cooldown', 'the rule acted on this key less than its cooldown ago', cooledAt);
  if (now.wall - now.horizon > now.staleAfterMs)
    return no('stale', 'the evidence is older than responder.stale_after: waiting until the backlog is read', 'retry');
  return ACT;
}

function no(code: SuppressionCode, detail: string, until: number | null | 'retry'): Judgement {
  return { act: false, code, detail, until };
}

function excepts(exception: Exception, key: KeyTexts, at: number): boolean {
  if (exception.until !== null && at >= exception.until) return false;
  return compileKeyMatch(exception.match)(key);
}

function exceptionText({ comment, until }: Exception): string {
  const end = until === null ? '' : ` until ${rfc3339(until)}`;
  return `an exception of the rule covers this key${end}${comment === '' ? '' : `: ${comment}`}`;
}
