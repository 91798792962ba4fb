import { messageOf, SentinelError } from '../../domain/errors.ts';
import type { Delivery, Outgoing } from './buffered-sink.ts';

const TIMEOUT_MS = 10_000;

/** Posts events to a daemon's `/api/events` as NDJSON. */
export class HttpDelivery implements Delivery {
  readonly #url: URL;
  readonly #headers: Record<string, string>;

  constructor(url: string, token: string | undefined) {
    this.#url = new URL('/api/events', url);
    this.#headers = { 'content-type': 'application/x-ndjson' };
    if (token !== undefined) this.#headers.authorization = `Bearer ${token}`;
  }

  async deliver(batch: readonly Outgoing[]): Promise<void> {
    const body = batch.map(({ json }) => `${json}\n`).join('');
    const response = await this.#post(body);
    await response.body?.cancel();
    if (response.ok) return;
    const retryable = response.status >= 500 || response.status === 408 || response.status === 429;
    throw this.#error(`answered ${response.status}`, retryable);
  }

  async close(): Promise<void> {}

  async #post(body: string): Promise<Response> {
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      return await fetch(this.#url, { method: 'POST', headers: this.#headers, body, signal });
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      throw this.#error(`does not answer: ${messageOf(cause)}`, true);
    }
  }

  #error(what: string, retryable: boolean): SentinelError {
    return new SentinelError('kafka_unavailable', `The daemon at ${this.#url.origin} ${what}.`, { retryable });
  }
}
