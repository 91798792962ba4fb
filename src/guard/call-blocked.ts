import { SentinelError } from '../domain/errors.ts';
import type { Denied } from '../domain/verdict.ts';

/** A call that the guard refused, or cancelled in flight. Its message is the verdict's reason. */
export class CallBlocked extends SentinelError {
  readonly verdict: Denied;

  constructor(verdict: Denied) {
    super('call_blocked', verdict.reason, { retryable: verdict.retryable });
    this.name = 'CallBlocked';
    this.verdict = verdict;
  }
}
