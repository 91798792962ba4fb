import type { ValidEvent } from '../domain/event/validate.ts';

/**
 * Where a guard sends its events. Never in the way of a call: `emit` neither waits nor throws. What cannot be kept or
 * delivered is dropped, and every drop is counted.
 */
export interface EventSink {
  emit(event: ValidEvent): void;
  /** True when everything that waits now was delivered within that time. Never rejects. */
  flush(timeoutMs: number): Promise<boolean>;
  /** Events that will never be delivered. */
  readonly dropped: number;
  /** Delivers what it can within a few seconds; what is emitted later is dropped. Idempotent, never rejects. */
  close(): Promise<void>;
}
