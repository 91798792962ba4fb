import type { AuditRecord } from '../domain/audit-record.ts';
import { linkHash } from './chain.ts';

export interface ChainFault {
  readonly writer: string;
  readonly seq: number;
  readonly fault: 'edited' | 'missing' | 'forked';
}

/**
 * Checks the chains of records read from the audit topic, in any order. Records that were sent twice are the same bytes and count once.
 * A deletion at a chain's very end cannot show here; it shows in the successor's `prev`.
 */
export function verifyChains(records: Iterable<AuditRecord>): readonly ChainFault[] {
  const byWriter = new Map<string, AuditRecord[]>();
  for (const record of records) {
    const { writer } = record.chain;
    const chain = byWriter.get(writer);
    if (chain === undefined) byWriter.set(writer, [record]);
    else chain.push(record);
  }
  return [...byWriter].flatMap(([writer, chain]) => verifyChain(writer, chain));
}

function verifyChain(writer: string, records: readonly AuditRecord[]): ChainFault[] {
  const faults: ChainFault[] = [];
  const bySeq = new Map<number, AuditRecord>();
  for (const record of records) {
    const { chain, ...facts } = record;
    if (linkHash(facts, chain) !== chain.hash) faults.push({ writer, seq: chain.seq, fault: 'edited' });
    const known = bySeq.get(chain.seq);
    if (known !== undefined && known.chain.hash !== chain.hash)
      faults.push({ writer, seq: chain.seq, fault: 'forked' });
    bySeq.set(chain.seq, record);
  }
  const inOrder = [...bySeq.values()].sort((a, b) => a.chain.seq - b.chain.seq);
  for (const [index, record] of inOrder.entries()) {
    const before = inOrder[index - 1];
    const expected = before === undefined ? 1 : before.chain.seq + 1;
    const broken = before !== undefined && record.chain.prev !== before.chain.hash;
    if (record.chain.seq !== expected || broken) faults.push({ writer, seq: expected, fault: 'missing' });
  }
  return faults;
}
