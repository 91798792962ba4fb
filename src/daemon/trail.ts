import type { Chain } from '../audit/chain.ts';
import { auditMessage } from '../audit/message.ts';
import type { AuditFacts } from '../domain/audit-record.ts';
import type { OutgoingQueue } from './outgoing.ts';

/**
 * The daemon as a writer of audit records: chains them and hands them to the log. Changes of kill state are not
 * written here but come from the store's outbox, by the relay.
 */
export class Trail {
  readonly #chain: Chain;
  readonly #queue: OutgoingQueue;
  readonly #topic: string;

  constructor(chain: Chain, queue: OutgoingQueue, topic: string) {
    this.#chain = chain;
    this.#queue = queue;
    this.#topic = topic;
  }

  get next(): { readonly writer: string; readonly seq: number } {
    return this.#chain.next;
  }

  get lastHash(): string | null {
    return this.#chain.last;
  }

  /** `owner`: the partition in whose checkpoint the record is kept until it is acknowledged. */
  write(facts: AuditFacts, owner: number | null): void {
    const record = this.#chain.link(facts);
    this.#queue.push({ topic: this.#topic, owner, message: auditMessage(record) });
  }
}
