import { createHash } from 'node:crypto';

/**
 * A hash of parts that no other list of parts has: each part is preceded by its length.
 * 128 bits as 32 hex digits: enough that two decisions never share an id.
 */
export function hashParts(...parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest('hex').slice(0, 32);
}

/** What opened an episode: the record, or the timer, that made the alert fire. */
export type Cause =
  | { readonly kind: 'record'; readonly partition: number; readonly offset: number; readonly appendedAt: number }
  | { readonly kind: 'timer'; readonly partition: number; readonly due: number };

/** The time that a cause stands for: append time of the record, due time of the timer. */
export function causeTime(cause: Cause): number {
  return cause.kind === 'record' ? cause.appendedAt : cause.due;
}

export function causeText(cause: Cause): string {
  return cause.kind === 'record'
    ? `record:${cause.partition}:${cause.offset}:${cause.appendedAt}`
    : `timer:${cause.partition}:${cause.due}`;
}

export interface DecisionSubject {
  /** Cluster and topic; embedded: the log's random id. */
  readonly log: string;
  readonly rule: string;
  readonly ruleHash: string;
  readonly key: string;
  readonly action: string;
  /** Scope text. */
  readonly target: string;
  readonly cause: Cause;
}

/** The same cause decided again, by whoever and whenever, has the same id; n sessions are n ids. */
export function decisionId(subject: DecisionSubject): string {
  const { log, rule, ruleHash, key, action, target, cause } = subject;
  return hashParts(log, rule, ruleHash, key, action, target, causeText(cause));
}

/** The id of an alert's records. */
export function alertId(log: string, rule: string, ruleHash: string, key: string, cause: Cause): string {
  return hashParts(log, rule, ruleHash, key, causeText(cause));
}
