/** Set on every error of ours; survives bundling and several copies of the package, unlike `instanceof`. */
const BRAND: unique symbol = Symbol.for('agent-sentinel.error');

export type ErrorCode =
  /** Wrong usage or configuration: exit 2. */
  | 'usage'
  | 'config_invalid'
  | 'rules_invalid'
  /** A part that we depend on does not answer now. */
  | 'kafka_unavailable'
  /** Kafka and we do not fit together: credentials, certificates, a listener of another kind. */
  | 'kafka_rejected'
  | 'store_unavailable'
  | 'store_full'
  | 'store_uninitialised'
  /** The store refuses us for good: credentials, permissions, a wrong type of server. */
  | 'store_rejected'
  /** Another instance owns what we tried to write. */
  | 'superseded'
  | 'not_found'
  | 'ambiguous'
  | 'conflict'
  | 'call_blocked'
  | 'internal';

/** An error that a user may see: one clear sentence, and whether trying again can help. */
export class SentinelError extends Error {
  readonly [BRAND] = true;
  readonly code: ErrorCode;
  /** True when the same request may succeed later without anybody changing anything. */
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SentinelError';
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

export function isSentinelError(error: unknown): error is SentinelError {
  return typeof error === 'object' && error !== null && BRAND in error;
}

export function isRetryable(error: unknown): boolean {
  return isSentinelError(error) && error.retryable;
}

/** Kafka or the store turns us away, whatever we ask: somebody has to change a setting, here or there. */
export function isRefusal(error: unknown): boolean {
  return isSentinelError(error) && (error.code === 'kafka_rejected' || error.code === 'store_rejected');
}

/** Whoever runs already goes on trying: a broker comes back, and somebody mends a password or a certificate. */
export function isWaitedFor(error: unknown): boolean {
  return isRetryable(error) || isRefusal(error);
}

/** One line that says what went wrong, for a log or a person. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
