import type { EventLog } from '../../ports/event-log.ts';
import type { Delivery, Outgoing } from './buffered-sink.ts';

/** Appends events to a log, keyed by tenant. The log is opened with the first of them. */
export class LogDelivery implements Delivery {
  readonly #open: () => Promise<EventLog>;
  readonly #topic: string;
  #log: Promise<EventLog> | null = null;

  constructor(open: () => Promise<EventLog>, topic: string) {
    this.#open = open;
    this.#topic = topic;
  }

  async deliver(batch: readonly Outgoing[]): Promise<void> {
    const log = await this.#opened();
    await log.append(
      this.#topic,
      batch.map(({ key, json }) => ({ key, value: json })),
    );
  }

  async close(): Promise<void> {
    await (await this.#log?.catch(() => null))?.close();
  }

  #opened(): Promise<EventLog> {
    this.#log ??= this.#open().catch((error: unknown) => {
      this.#log = null;
      throw error;
    });
    return this.#log;
  }
}
