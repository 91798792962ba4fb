/** What every checkpoint store must keep (ports/checkpoint-store.ts). An adapter's test is one call of this, and its own regressions. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CheckpointStore } from '../../src/ports/checkpoint-store.ts';

export interface CheckpointHarness {
  /** Opens the same store once more: another instance, or the same one after a restart. */
  open(): Promise<CheckpointStore>;
  /** Removes what the test left behind. */
  dispose(): Promise<void>;
}

const MIB = 1024 * 1024;
const LOG = 'cluster/agent.tool-calls';

/** @param make a new, empty store for each test */
export function checkpointStoreConformance(name: string, make: () => Promise<CheckpointHarness>): void {
  describe(`checkpoint store: ${name}`, () => {
    let harness: CheckpointHarness;
    let store: CheckpointStore;

    beforeEach(async () => {
      harness = await make();
      store = await harness.open();
    });

    afterEach(async () => {
      await store.close();
      await harness.dispose();
    });

    function save(epoch: number, offset: number, text: string, partition = 0, log = LOG): Promise<boolean> {
      return store.save({ log, partition, epoch, offset }, [Buffer.from(text)]);
    }

    async function loaded(partition = 0, log = LOG): Promise<string | null> {
      const found = await store.load(log, partition);
      return found === null ? null : Buffer.from(found.bytes).toString('utf8');
    }

    test('there is no checkpoint before the first', async () => {
      expect(await store.load(LOG, 0)).toBeNull();
      await store.begin(LOG, 0);
      expect(await store.load(LOG, 0)).toBeNull();
    });

    test('what was saved is loaded, with its key', async () => {
      const epoch = await store.begin(LOG, 3);
      expect(await save(epoch, 17, 'state', 3)).toBe(true);
      const found = await store.load(LOG, 3);
      expect({ ...found, bytes: undefined }).toEqual({ log: LOG, partition: 3, epoch, offset: 17, bytes: undefined });
      expect(Buffer.from(found?.bytes ?? []).toString('utf8')).toBe('state');
    });

    test('many chunks come back as one run of bytes, in order', async () => {
      const chunks = Array.from({ length: 5 }, (_, index) => Buffer.alloc(index === 4 ? 77 : MIB, 65 + index));
      const epoch = await store.begin(LOG, 0);
      expect(await store.save({ log: LOG, partition: 0, epoch, offset: 1 }, chunks)).toBe(true);
      const found = await store.load(LOG, 0);
      expect(Buffer.concat(chunks).equals(found?.bytes ?? new Uint8Array())).toBe(true);
    });

    test('chunks are asked for one by one, with others getting their turn in between', async () => {
      let turns = 0;
      const turning = setInterval(() => turns++, 0);
      const turnsSeen: number[] = [];
      function* chunks(): Generator<Uint8Array> {
        for (let n = 0; n < 20; n++) {
          turnsSeen.push(turns);
          yield Buffer.alloc(MIB, n);
        }
      }
      const epoch = await store.begin(LOG, 0);
      expect(await store.save({ log: LOG, partition: 0, epoch, offset: 1 }, chunks())).toBe(true);
      clearInterval(turning);
      expect(new Set(turnsSeen).size).toBeGreaterThan(3);
      expect((await store.load(LOG, 0))?.bytes).toHaveLength(20 * MIB);
    });

    test('a save that breaks off leaves the last whole one', async () => {
      const epoch = await store.begin(LOG, 0);
      expect(await save(epoch, 1, 'whole')).toBe(true);
      function* broken(): Generator<Uint8Array> {
        yield Buffer.from('half');
        throw new Error('broken off');
      }
      await expect(store.save({ log: LOG, partition: 0, epoch, offset: 2 }, broken())).rejects.toThrow('broken off');
      expect(await loaded()).toBe('whole');
      expect(await save(epoch, 2, 'next')).toBe(true);
      expect(await loaded()).toBe('next');
    });

    test('a checkpoint of no bytes is a checkpoint', async () => {
      const epoch = await store.begin(LOG, 0);
      expect(await store.save({ log: LOG, partition: 0, epoch, offset: 5 }, [])).toBe(true);
      expect((await store.load(LOG, 0))?.bytes).toHaveLength(0);
      expect((await store.load(LOG, 0))?.offset).toBe(5);
    });

    test('the newest of an epoch replaces what was there, large by small', async () => {
      const epoch = await store.begin(LOG, 0);
      const large = [Buffer.alloc(MIB, 1), Buffer.alloc(MIB, 2)];
      expect(await store.save({ log: LOG, partition: 0, epoch, offset: 1 }, large)).toBe(true);
      expect(await save(epoch, 2, 'small')).toBe(true);
      expect(await loaded()).toBe('small');
    });

    test('within an epoch only a greater offset is taken', async () => {
      const epoch = await store.begin(LOG, 0);
      expect(await save(epoch, 10, 'ten')).toBe(true);
      expect(await save(epoch, 10, 'ten again')).toBe(false);
      expect(await save(epoch, 9, 'nine')).toBe(false);
      expect(await loaded()).toBe('ten');
    });

    test('epochs of a partition only grow, across instances too', async () => {
      const other = await harness.open();
      const epochs: number[] = [];
      for (let index = 0; index < 6; index++) epochs.push(await (index % 2 === 0 ? store : other).begin(LOG, 0));
      await other.close();
      expect(epochs.every((epoch) => Number.isSafeInteger(epoch))).toBe(true);
      for (let index = 1; index < epochs.length; index++) {
        expect(epochs[index]).toBeGreaterThan(epochs[index - 1] ?? Number.NaN);
      }
    });

    test('an epoch is at least the store time in microseconds, so that a lost counter does not go back', async () => {
      const before = Date.now();
      expect(await store.begin(LOG, 0)).toBeGreaterThanOrEqual((before - 1000) * 1000);
    });

    test('a zombie is refused as soon as somebody else has begun, whatever offset it has reached', async () => {
      const zombie = await store.begin(LOG, 0);
      expect(await save(zombie, 10, 'before')).toBe(true);
      const other = await harness.open();
      const owner = await other.begin(LOG, 0);
      expect(await save(zombie, 1000, 'zombie')).toBe(false);
      expect(await loaded()).toBe('before');
      await other.close();
      expect(await save(owner, 11, 'owner')).toBe(true);
      expect(await save(zombie, 1001, 'zombie')).toBe(false);
      expect(await loaded()).toBe('owner');
    });

    test('a new owner may go back: a greater epoch wins over a greater offset', async () => {
      expect(await save(await store.begin(LOG, 0), 100, 'far')).toBe(true);
      expect(await save(await store.begin(LOG, 0), 40, 'anew')).toBe(true);
      expect(await loaded()).toBe('anew');
      expect((await store.load(LOG, 0))?.offset).toBe(40);
    });

    test('beginning takes nothing away: the checkpoint before is loaded with its own epoch', async () => {
      const first = await store.begin(LOG, 0);
      expect(await save(first, 10, 'kept')).toBe(true);
      await store.begin(LOG, 0);
      expect(await store.load(LOG, 0)).toMatchObject({ epoch: first, offset: 10 });
      expect(await loaded()).toBe('kept');
    });

    test('partitions and logs are kept apart', async () => {
      const first = await store.begin(LOG, 0);
      const second = await store.begin(LOG, 1);
      const third = await store.begin('another cluster/agent.tool-calls', 0);
      expect(await save(first, 1, 'first', 0)).toBe(true);
      expect(await save(second, 1, 'second', 1)).toBe(true);
      expect(await save(third, 1, 'third', 0, 'another cluster/agent.tool-calls')).toBe(true);
      expect([await loaded(0), await loaded(1), await loaded(0, 'another cluster/agent.tool-calls')]).toEqual([
        'first',
        'second',
        'third',
      ]);
    });

    test('saves at the same time leave one whole checkpoint: the greatest', async () => {
      const epoch = await store.begin(LOG, 0);
      const texts = Array.from({ length: 8 }, (_, index) => String.fromCharCode(65 + index).repeat(100_000));
      await Promise.all(texts.map((text, index) => save(epoch, index, text)));
      expect((await store.load(LOG, 0))?.offset).toBe(7);
      expect(await loaded()).toBe(texts[7]);
    });

    test('a checkpoint outlives the store that saved it', async () => {
      const epoch = await store.begin(LOG, 0);
      expect(await save(epoch, 12, 'durable')).toBe(true);
      await store.close();
      store = await harness.open();
      expect(await loaded()).toBe('durable');
      expect(await store.begin(LOG, 0)).toBeGreaterThan(epoch);
    });
  });
}
