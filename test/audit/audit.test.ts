import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alertRecord } from '../../src/audit/alert-records.ts';
import { Chain, linkHash } from '../../src/audit/chain.ts';
import { changeRecord } from '../../src/audit/change-record.ts';
import { suppressedRecord, suppressionEndRecord, wouldBeRecord } from '../../src/audit/decision-records.ts';
import { blockedRecord, leakRecord } from '../../src/audit/guard-records.ts';
import { auditMessage } from '../../src/audit/message.ts';
import { Relay } from '../../src/audit/relay.ts';
import { auditJsonSchema, auditRecordSchema } from '../../src/audit/schema.ts';
import { verifyChains } from '../../src/audit/verify.ts';
import type { AuditFacts, AuditRecord, ChainLink } from '../../src/domain/audit-record.ts';
import type { KillState } from '../../src/domain/kill-state.ts';
import type { OutMessage } from '../../src/ports/event-log.ts';
import type { ChangeNote, Outbox, OutboxEntry } from '../../src/ports/kill-store.ts';
import { decisionsFor } from '../../src/responder/decisions.ts';
import { aRule, firing, resolved } from '../support/alerts.ts';

const T = 1_700_000_000_000;
const alert = firing(T);
const decision = decisionsFor(alert, {
  log: 'l',
  simulate: false,
  modeWhenEnabled: 'disable_writes',
  staleAfterMs: 0,
  onLimit: 'hold',
  limits: {} as never,
})[0]!;

const state: KillState = {
  mode: 'stop_all',
  reason: 'Auto-kill: …',
  actor: { kind: 'sentinel', id: 'sentinel' },
  decision_id: 'd1',
  rule: 'EmailBurst',
  evidence: null,
  at: T,
  expires_at: T + 1,
  version: 5,
  in_flight: null,
  epoch: 'e',
  fence: null,
  hold_until: null,
};
const note = (version: number): ChangeNote => ({
  type: 'session.terminated',
  scope: 'session:acme:s1',
  subject: 'd1',
  before: 'none',
  state: { ...state, version },
  audit: null,
  at: T,
  detail: null,
  holds: null,
});

const samples: readonly AuditFacts[] = [
  alertRecord(alert, 'log'),
  alertRecord(resolved(alert, T + 5), 'log'),
  suppressedRecord(decision, 'hold', 'held'),
  suppressionEndRecord(decision, 'hold', 'held', { at: T + 9, count: 3 }),
  wouldBeRecord(decision, decision.alert.at),
  changeRecord(note(5)),
  blockedRecord({
    tenant: 'acme',
    session: 's1',
    tool: 'x',
    guard: 'g',
    reason: 'r',
    decisionId: null,
    count: 1,
    at: T,
    eventId: 'e',
  }),
  leakRecord({
    scope: { kind: 'global' },
    tenant: 'acme',
    session: 's',
    tool: null,
    decisionId: 'd',
    partition: null,
    minute: 5,
    count: 2,
    appliedAt: T,
  }),
];

function chained(count: number, writer = 'w', chain = new Chain(writer, null)): AuditRecord[] {
  return Array.from({ length: count }, (_, index) => chain.link(samples[index % samples.length]!));
}

describe('records', () => {
  it('are valid by the published schema, with and without a chain', () => {
    const validate = new Ajv({ strict: false, validateFormats: false }).compile(auditJsonSchema());
    for (const facts of [...samples, ...chained(samples.length)]) {
      expect(validate(facts), JSON.stringify(validate.errors)).toBe(true);
      expect(auditRecordSchema.safeParse(facts).success).toBe(true);
    }
    expect(validate({ ...samples[0], more: 1 })).toBe(false);
    expect(validate({ ...samples[0], time: undefined })).toBe(false);
  });

  it('have the same id for the same fact and different ids for different ones', () => {
    expect(alertRecord(alert, 'log').id).toBe(samples[0]!.id);
    expect(new Set(samples.map(({ id }) => id)).size).toBe(samples.length);
    expect(changeRecord(note(6)).id).not.toBe(changeRecord(note(5)).id);
  });

  it('say what the rule says, with its placeholders filled in', () => {
    const rule = aRule({ annotations: { summary: '{{ session }} sent {{ value }} in {{ window }}' } });
    expect(alertRecord(firing(T, { rule }), 'log').reason).toBe('s1 sent 31 in 1m');
  });

  it('are keyed by tenant, those that concern all by _global', () => {
    const [record] = chained(1);
    expect(auditMessage(record!)).toMatchObject({ key: 'acme', headers: { ce_type: 'agent-sentinel.alert.firing' } });
    expect(auditMessage({ ...record!, tenant_id: null }).key).toBe('_global');
  });
});

describe('chains: any edit, deletion or reordering of audit records shows', () => {
  it('an untouched trail has no fault, in any order and with records sent twice', () => {
    const records = [...chained(5, 'a'), ...chained(4, 'b')];
    expect(verifyChains([...records, ...records].reverse())).toEqual([]);
  });

  it('one change anywhere is a fault', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4 }), fc.constantFrom('reason', 'time', 'id', 'mode'), (index, field) => {
        const records = chained(6);
        records[index] = { ...records[index]!, [field]: 'forged' };
        expect(verifyChains(records)).toContainEqual({ writer: 'w', seq: index + 1, fault: 'edited' });
      }),
    );
  });

  it('one missing record is a fault, but for the end', () => {
    for (const index of [0, 1, 2]) {
      const records = chained(4);
      records.splice(index, 1);
      expect(verifyChains(records)).not.toEqual([]);
    }
  });

  it('two records that changed places are a fault', () => {
    const records = chained(3);
    const [first, second] = records as [AuditRecord, AuditRecord];
    const swapped = { ...first, chain: { ...first.chain, seq: 2 } };
    expect(verifyChains([swapped, { ...second, chain: { ...second.chain, seq: 1 } }, records[2]!])).not.toEqual([]);
  });

  it("a writer's first record names its predecessor's last", () => {
    const first = new Chain('w1', null);
    chained(3, 'w1', first);
    const next = new Chain('w2', first.last).link(samples[0]!);
    expect(next.chain).toMatchObject({ writer: 'w2', seq: 1, prev: first.last });
    expect(next.chain.hash).toBe(linkHash(samples[0]!, next.chain));
  });
});

/** The outbox as the relay sees it, with the laws of the store and nothing else. */
class Box implements Outbox {
  list: OutboxEntry[] = [];
  acked: string | null = null;
  links = new Map<string, ChainLink>();
  lastLink: ChainLink | null = null;
  holder: string | null = null;
  put(version: number): void {
    const id = String(this.list.length + 1).padStart(4, '0');
    this.list.push({ id, previous: this.list.at(-1)?.id ?? null, note: note(version) });
  }
  async lease(owner: string): Promise<boolean> {
    this.holder ??= owner;
    return this.holder === owner;
  }
  async release(): Promise<void> {
    this.holder = null;
  }
  async entries(after: string | null, limit: number): Promise<readonly OutboxEntry[]> {
    return this.list.filter(({ id }) => after === null || id > after).slice(0, limit);
  }
  async rememberChain(_owner: string, id: string, link: ChainLink): Promise<void> {
    this.links.set(id, link);
    this.lastLink = link;
  }
  async chainState() {
    return { last: this.lastLink, pending: this.links };
  }
  async acknowledge(_owner: string, id: string): Promise<void> {
    this.acked = id;
  }
  async acknowledged(): Promise<string | null> {
    return this.acked;
  }
  async pendingCount(): Promise<number> {
    return this.list.length;
  }
}

describe('the relay', () => {
  const topics = { audit: 'audit', kill_state: 'states' };
  const collector = () => {
    const sent: { topic: string; message: OutMessage }[] = [];
    const append = async (topic: string, messages: readonly OutMessage[]) => {
      sent.push(...messages.map((message) => ({ topic, message })));
      return [];
    };
    return { sent, append };
  };

  it('publishes every change and its state once, in order, and acknowledges', async () => {
    const box = new Box();
    for (let version = 1; version <= 450; version++) box.put(version);
    const log = collector();
    expect(await new Relay(box, log, topics, 'w').run()).toBe(450);
    const records = log.sent
      .filter(({ topic }) => topic === 'audit')
      .map(({ message }) => JSON.parse(String(message.value)));
    expect(records.map((record: AuditRecord) => record.state?.version)).toEqual(
      Array.from({ length: 450 }, (_, i) => i + 1),
    );
    expect(verifyChains(records)).toEqual([]);
    expect(log.sent.filter(({ topic }) => topic === 'states')).toHaveLength(450);
    expect(box.acked).toBe('0450');
    expect(await new Relay(box, log, topics, 'w').run()).toBe(0);
  });

  it('sends identical bytes when the relay before it died between sending and acknowledging', async () => {
    const box = new Box();
    box.put(1);
    box.put(2);
    const log = collector();
    box.acknowledge = () => Promise.reject(new Error('died'));
    await expect(new Relay(box, log, topics, 'w1').run()).rejects.toThrow('died');
    const first = log.sent.filter(({ topic }) => topic === 'audit').map(({ message }) => message.value);
    box.holder = null;
    box.acknowledge = Box.prototype.acknowledge;
    box.put(3);
    const again = collector();
    await new Relay(box, again, topics, 'w2').run();
    const second = again.sent.filter(({ topic }) => topic === 'audit').map(({ message }) => message.value);
    expect(second.slice(0, 2)).toEqual(first);
    expect(JSON.parse(String(second[2])).chain).toMatchObject({
      writer: 'w2:relay:1',
      seq: 1,
      prev: JSON.parse(String(first[1])).chain.hash,
    });
  });

  it('does nothing while another process holds the lease', async () => {
    const box = new Box();
    box.put(1);
    box.holder = 'other';
    const log = collector();
    expect(await new Relay(box, log, topics, 'w').run()).toBeNull();
    expect(log.sent).toEqual([]);
  });
});
