import type { Chain } from '../audit/chain.ts';
import { auditKey, auditMessage } from '../audit/message.ts';
import type { AuditFacts, AuditRecord } from '../domain/audit-record.ts';
import type { OutgoingQueue } from './outgoing.ts';

/**
 * The daemon as a writer of audit records: hands them to the log, and chains them in the order in which they go. Changes of kill state are not
 * written here but come from the store's outbox, by the relay.
 */
export class Trail {
  readonly #chain: Chain;
  readonly #queue: OutgoingQueue;
  readonly #topic: string;
  #written = 0;

  constructor(chain: Chain, queue: OutgoingQueue, topic: string) {
    this.#chain = chain;
    this.#queue = queue;
    this.#topic = topic;
  }

  /** What names the next record where nothing else does: which it is of this writer. */
  get next(): { readonly writer: string; readonly seq: number } {
    return { writer: this.#chain.writer, seq: this.#written + 1 };
  }

  get lastHash(): string | null {
    return this.#chain.last;
  }

  /** `owner`: the partition in whose checkpoint the record is kept until it is acknowledged. */
  write(facts: AuditFacts, owner: number | null): void {
    this.#written += 1;
    this.#queue.push({
      topic: this.#topic,
      owner,
      message: { key: auditKey(facts), value: JSON.stringify(facts) },
      seal: () => auditMessage(this.#chain.link(facts)),
    });
  }

  /**
   * Takes over what a predecessor's checkpoint had not sent: true when it is ours to write. It goes on in our chain; in its
   * own, what was written in between for other partitions and never kept would be missing.
   */
  takeOver({ topic, value }: { readonly topic: string; readonly value: string | null }, owner: number): boolean {
    if (topic !== this.#topic || value === null) return false;
    const { chain: _, ...facts } = JSON.parse(value) as AuditFacts & Partial<AuditRecord>;
    this.write(facts, owner);
    return true;
  }
}
