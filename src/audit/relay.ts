import type { AuditFacts, AuditRecord } from '../domain/audit-record.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { Outbox, OutboxEntry } from '../ports/kill-store.ts';
import { Chain } from './chain.ts';
import { changeRecord } from './change-record.ts';
import { killStateMessage } from './kill-state-message.ts';
import { auditMessage } from './message.ts';

export interface RelayTopics {
  readonly audit: string;
  readonly kill_state: string;
}

/**
 * How long a relay that went silent keeps others out, ms. Short enough that a command which finds a daemon just killed has
 * time left to publish its change itself, and that a successor publishes within 5 s.
 */
export const RELAY_LEASE_MS = 3_000;
const BATCH = 200;

/**
 * Carries changes from the store's outbox to the log, and trims what the log acknowledged. One at a time, by lease. Each
 * term as the relay is a writer of its own.
 *
 * An entry is chained before it is sent, and its link is kept in the store: whoever succeeds a relay that died in between
 * sends identical bytes. So records may come twice, never in two versions, and none is lost.
 */
export class Relay {
  readonly #outbox: Outbox;
  readonly #log: Pick<EventLog, 'append'>;
  readonly #topics: RelayTopics;
  readonly #owner: string;
  #terms = 0;
  #chain: Chain | null = null;

  /** `owner`: this process start's name as holder of the lease; its terms as a writer are named after it. */
  constructor(outbox: Outbox, log: Pick<EventLog, 'append'>, topics: RelayTopics, owner: string) {
    this.#outbox = outbox;
    this.#log = log;
    this.#topics = topics;
    this.#owner = owner;
  }

  /**
   * Publishes everything that waits, if this is the relay now.
   * @returns how many entries were published; null while another process holds the lease.
   * Rejects when store or log are not there; nothing is lost, call again.
   */
  async run(): Promise<number | null> {
    let published = 0;
    for (;;) {
      if (!(await this.#outbox.lease(this.#owner, RELAY_LEASE_MS))) {
        this.#chain = null;
        return null;
      }
      const count = await this.#publishSome();
      published += count;
      if (count < BATCH) return published;
    }
  }

  /** Lets another process take over at once. */
  async release(): Promise<void> {
    this.#chain = null;
    await this.#outbox.release(this.#owner);
  }

  async #publishSome(): Promise<number> {
    const entries = await this.#outbox.entries(await this.#outbox.acknowledged(), BATCH);
    const last = entries.at(-1);
    if (last === undefined) return 0;
    const records = await this.#chained(entries);
    await this.#log.append(this.#topics.audit, records.map(auditMessage));
    await this.#publishStates(entries);
    await this.#outbox.acknowledge(this.#owner, last.id);
    return entries.length;
  }

  async #chained(entries: readonly OutboxEntry[]): Promise<AuditRecord[]> {
    const { last, pending } = await this.#outbox.chainState();
    this.#chain ??= new Chain(`${this.#owner}:relay:${++this.#terms}`, last?.hash ?? null);
    const records: AuditRecord[] = [];
    for (const { id, note } of entries) {
      const facts = changeRecord(note);
      const known = pending.get(id);
      records.push(known === undefined ? await this.#link(this.#chain, id, facts) : { ...facts, chain: known });
    }
    return records;
  }

  /** A link that is not remembered may never be sent: the chain ends before it, and another begins. */
  async #link(chain: Chain, entryId: string, facts: AuditFacts): Promise<AuditRecord> {
    const record = chain.link(facts);
    try {
      await this.#outbox.rememberChain(this.#owner, entryId, record.chain);
      return record;
    } catch (error) {
      this.#chain = null;
      throw error;
    }
  }

  async #publishStates(entries: readonly OutboxEntry[]): Promise<void> {
    const messages = entries.flatMap(({ note }) => killStateMessage(note) ?? []);
    if (messages.length > 0) await this.#log.append(this.#topics.kill_state, messages);
  }
}
