import type { AuditRecord } from '../domain/audit-record.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { Outbox, OutboxEntry } from '../ports/kill-store.ts';
import { Chain } from './chain.ts';
import { changeRecord } from './change-record.ts';
import { auditMessage } from './message.ts';

export interface RelayTopics {
  readonly audit: string;
  readonly kill_state: string;
}

/** How long a relay that went silent keeps others out, ms. */
export const RELAY_LEASE_MS = 5_000;
const BATCH = 200;

/**
 * Carries changes from the store's outbox to the log, and trims what the log acknowledged. One at a time, by lease.
 *
 * An entry is chained before it is sent, and its link is kept in the store: whoever succeeds a relay that died in between
 * sends identical bytes. So records may come twice, never in two versions, and none is lost.
 */
export class Relay {
  readonly #outbox: Outbox;
  readonly #log: Pick<EventLog, 'append'>;
  readonly #topics: RelayTopics;
  readonly #writer: string;
  #chain: Chain | null = null;

  /** `writer`: this process start's name as a writer of records; also its name as holder of the lease. */
  constructor(outbox: Outbox, log: Pick<EventLog, 'append'>, topics: RelayTopics, writer: string) {
    this.#outbox = outbox;
    this.#log = log;
    this.#topics = topics;
    this.#writer = writer;
  }

  /**
   * Publishes everything that waits, if this is the relay now.
   * @returns how many entries were published; null while another process holds the lease.
   * Rejects when store or log are not there; nothing is lost, call again.
   */
  async run(): Promise<number | null> {
    let published = 0;
    for (;;) {
      if (!(await this.#outbox.lease(this.#writer, RELAY_LEASE_MS))) {
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
    await this.#outbox.release(this.#writer);
  }

  async #publishSome(): Promise<number> {
    const entries = await this.#outbox.entries(await this.#outbox.acknowledged(), BATCH);
    const last = entries.at(-1);
    if (last === undefined) return 0;
    const records = await this.#chained(entries);
    await this.#log.append(this.#topics.audit, records.map(auditMessage));
    await this.#publishStates(entries);
    await this.#outbox.acknowledge(this.#writer, last.id);
    return entries.length;
  }

  async #chained(entries: readonly OutboxEntry[]): Promise<AuditRecord[]> {
    const { last, pending } = await this.#outbox.chainState();
    this.#chain ??= new Chain(this.#writer, last?.hash ?? null);
    const records: AuditRecord[] = [];
    for (const { id, note } of entries) {
      const facts = changeRecord(note);
      const known = pending.get(id);
      const record = known === undefined ? this.#chain.link(facts) : { ...facts, chain: known };
      if (known === undefined) await this.#outbox.rememberChain(this.#writer, id, record.chain);
      records.push(record);
    }
    return records;
  }

  async #publishStates(entries: readonly OutboxEntry[]): Promise<void> {
    const messages = entries.flatMap(({ note }) =>
      note.state === null ? [] : [{ key: note.scope, value: JSON.stringify(note.state) }],
    );
    if (messages.length > 0) await this.#log.append(this.#topics.kill_state, messages);
  }
}
