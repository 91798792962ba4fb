/** The labels under which a guard tells about a call that it refused. */
export const BLOCKED_LABELS = {
  guard: 'sentinel.guard',
  decision: 'sentinel.decision_id',
  reason: 'sentinel.reason',
} as const;
