/** Fields that only the outcome of a call has: a rule that matches one of them sees results, others see calls. */
export const OUTCOME_FIELDS: readonly string[] = ['status', 'error_type', 'latency_ms'];
