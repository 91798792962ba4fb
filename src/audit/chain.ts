import { createHash } from 'node:crypto';
import type { AuditFacts, AuditRecord, ChainLink } from '../domain/audit-record.ts';
import { canonicalJson } from '../domain/json.ts';

/**
 * One writer's chain: each record names the hash of the one before, so an edit, a deletion or a reordering shows.
 * A writer is one process start; its first record names its predecessor's last.
 */
export class Chain {
  readonly writer: string;
  #seq: number;
  #last: string | null;

  /** `predecessor`: the hash of the last record of the writer before, null at the very start. */
  constructor(writer: string, predecessor: string | null) {
    this.writer = writer;
    this.#seq = 0;
    this.#last = predecessor;
  }

  get last(): string | null {
    return this.#last;
  }

  link(facts: AuditFacts): AuditRecord {
    const place = { writer: this.writer, seq: this.#seq + 1, prev: this.#last };
    const hash = linkHash(facts, place);
    this.#seq = place.seq;
    this.#last = hash;
    return { ...facts, chain: { ...place, hash } };
  }
}

/** SHA-256 (hex) of the record in RFC 8785 form without `chain.hash`. */
export function linkHash(facts: AuditFacts, place: Omit<ChainLink, 'hash'>): string {
  const { writer, seq, prev } = place;
  return createHash('sha256')
    .update(canonicalJson({ ...facts, chain: { writer, seq, prev } }))
    .digest('hex');
}
