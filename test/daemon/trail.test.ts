import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Chain } from '../../src/audit/chain.ts';
import { degradedRecord } from '../../src/audit/lifecycle-records.ts';
import { verifyChains } from '../../src/audit/verify.ts';
import { OutgoingQueue } from '../../src/daemon/outgoing.ts';
import { Trail } from '../../src/daemon/trail.ts';
import type { AuditRecord } from '../../src/domain/audit-record.ts';
import { SentinelError } from '../../src/domain/errors.ts';
import type { OutMessage } from '../../src/ports/event-log.ts';
import { CHECKPOINT_EVERY_MS, event, Life, START, TOPICS, World } from './rig.ts';

/** An audit topic of several partitions. Each stores what it is sent on its own, and an append may end in between. */
class AuditTopic {
  readonly stored: AuditRecord[] = [];
  readonly #partitions: number;
  /** How many more parts of appends are stored; then the writer is dead: nothing is answered any more. */
  left = Number.POSITIVE_INFINITY;
  /** How many appends are refused though they were stored. */
  lost = 0;

  constructor(partitions: number) {
    this.#partitions = partitions;
  }

  async partitionsOf(_: string, keys: readonly string[]): Promise<readonly number[]> {
    return keys.map((key) => Number(key.slice(1)) % this.#partitions);
  }

  async append(topic: string, messages: readonly OutMessage[]): Promise<[]> {
    const places = await this.partitionsOf(
      topic,
      messages.map(({ key }) => key!),
    );
    for (const partition of [...new Set(places)].sort((a, b) => b - a)) {
      if (this.left === 0) return new Promise(() => {});
      this.left -= 1;
      const part = messages.filter((_, n) => places[n] === partition);
      this.stored.push(...part.map(({ value }) => JSON.parse(String(value)) as AuditRecord));
    }
    if (this.lost > 0) {
      this.lost -= 1;
      throw new SentinelError('kafka_unavailable', 'no answer', { retryable: true });
    }
    return [];
  }
}

function writing(topic: AuditTopic): { readonly trail: Trail; readonly queue: OutgoingQueue } {
  const queue = new OutgoingQueue(topic, () => {});
  return { queue, trail: new Trail(new Chain('w', null), queue, 'audit') };
}

function write(trail: Trail, count: number): void {
  for (let n = 0; n < count; n++) {
    const facts = degradedRecord(trail.next, START, `${n}`);
    trail.write({ ...facts, tenant_id: `t${n}` }, null);
  }
}

describe('a writer’s chain', () => {
  test('has no gap wherever it is cut off: what lies in one partition comes after what lies in another', async () => {
    for (let left = 0; left <= 4; left++) {
      const topic = new AuditTopic(3);
      topic.left = left;
      const { trail, queue } = writing(topic);
      write(trail, 20);
      await expect.poll(() => topic.left === 0 || queue.size === 0).toBe(true);
      expect(topic.stored.length).toBeGreaterThanOrEqual(left === 0 ? 0 : 6);
      expect(verifyChains(topic.stored)).toEqual([]);
    }
  });

  test('is sent again as it was where no answer came, and whole in the end, every record with an id of its own', async () => {
    const topic = new AuditTopic(3);
    topic.lost = 2;
    const { trail, queue } = writing(topic);
    write(trail, 4);
    await expect.poll(() => topic.lost).toBe(1);
    write(trail, 4);
    expect(await queue.flush(5_000)).toBe(true);
    expect(verifyChains(topic.stored)).toEqual([]);
    expect(new Set(topic.stored.map(({ id }) => id)).size).toBe(8);
    expect(new Set(topic.stored.map(({ chain }) => chain.seq)).size).toBe(8);
  });
});

describe('what a checkpoint still had to send', () => {
  let world: World;
  beforeEach(() => {
    world = new World(2);
  });
  afterEach(() => world.dispose());

  const writes = (tenant: string, partition: number) =>
    world.log.append(
      TOPICS.events,
      Array.from({ length: 5 }, () => ({
        key: null,
        value: JSON.stringify(event(START, { tenant_id: tenant })),
        partition,
      })),
    );

  test('goes on in the chain of whoever sends it: what another partition wrote in between may never have been kept', async () => {
    const first = await Life.begin(world);
    await first.assign(0, 1);
    world.down.add(TOPICS.audit);
    await writes('acme', 0);
    await first.read();
    await writes('bolt', 1);
    await first.read();
    await writes('cent', 0);
    await first.read();
    world.now += CHECKPOINT_EVERY_MS;
    // The checkpoint of partition 1 never comes about.
    world.saves.push(Promise.resolve(), new Promise(() => {}));
    void first.tick();
    const identity = await world.log.identity();
    await expect.poll(() => world.checkpoints.load(identity, 0)).not.toBeNull();
    first.queue.close();
    world.down.clear();

    const second = await Life.begin(world);
    await second.assign(0, 1);
    await second.read();
    await second.settle();
    const records = await world.audit();
    expect(verifyChains(records)).toEqual([]);
    const alerts = records.filter(({ type }) => type === 'alert.firing');
    expect(alerts.map(({ tenant_id }) => tenant_id).sort()).toEqual(['acme', 'bolt', 'cent']);
  });
});
