/** Why a record is no valid event. Few and fixed: they are values of a metric's label. */
export const REJECTION_REASONS = [
  'too_large',
  'not_utf8',
  'not_json',
  'not_object',
  'not_cloudevent',
  'too_deep',
  'missing_field',
  'invalid_field',
] as const;
export type RejectionReason = (typeof REJECTION_REASONS)[number];

export interface Rejection {
  readonly reason: RejectionReason;
  /** One sentence: which field, what was expected. Never a value: arguments and secrets stay where they are. */
  readonly detail: string;
}
