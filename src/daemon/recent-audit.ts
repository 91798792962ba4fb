import type { AuditRecord } from '../domain/audit-record.ts';
import { messageOf } from '../domain/errors.ts';
import type { EventLog, LogRecord } from '../ports/event-log.ts';

/** How many records are kept for `GET /api/audit`. */
const KEPT = 1_000;

/** The newest records of the audit topic, whoever wrote them; since this process follows it. */
export class RecentAudit {
  readonly #log: Pick<EventLog, 'follow'>;
  readonly #topic: string;
  readonly #records: AuditRecord[] = [];
  readonly #abort = new AbortController();

  constructor(log: Pick<EventLog, 'follow'>, topic: string) {
    this.#log = log;
    this.#topic = topic;
  }

  follow(onFailure: (message: string) => void): void {
    this.#log
      .follow(this.#topic, 'end', (record) => this.#take(record), this.#abort.signal)
      .catch((error) => onFailure(`the audit topic can no longer be followed: ${messageOf(error)}`));
  }

  newest(limit: number): readonly AuditRecord[] {
    return this.#records.slice(-limit);
  }

  stop(): void {
    this.#abort.abort();
  }

  #take({ value }: LogRecord): void {
    const record = value === null ? null : parse(value);
    if (record === null) return;
    this.#records.push(record);
    if (this.#records.length > KEPT) this.#records.shift();
  }
}

function parse(value: Uint8Array): AuditRecord | null {
  try {
    return JSON.parse(Buffer.from(value).toString('utf8')) as AuditRecord;
  } catch {
    return null;
  }
}
