import type { AppendedAt, OutMessage } from '../src/ports/event-log.ts';
import type { Setting } from '../test/e2e/setting.ts';
import type { Place } from './account.ts';
import { type Call, eventText } from './call.ts';

const BATCH = 1_000;

/** Appends calls, and remembers where each stands. */
export class Feed {
  readonly places = new Map<string, Place>();
  readonly #setting: Setting;
  #appended = 0;

  constructor(setting: Setting) {
    this.#setting = setting;
  }

  get appended(): number {
    return this.#appended;
  }

  async append(calls: readonly Call[]): Promise<void> {
    const { log, topics } = this.#setting;
    for (let at = 0; at < calls.length; at += BATCH) {
      const batch = calls.slice(at, at + BATCH);
      const now = Date.now();
      this.#note(
        batch,
        await log.append(
          topics.events,
          batch.map((call): OutMessage => ({ key: call.tenant, value: eventText(call, now) })),
        ),
      );
    }
  }

  /** The first delivery counts. */
  #note(calls: readonly Call[], places: readonly AppendedAt[]): void {
    for (const [n, { id }] of calls.entries()) if (!this.places.has(id)) this.places.set(id, places[n]!);
    this.#appended += calls.length;
  }
}
