import { describe, expect, test } from 'vitest';
import { checkpointChunks, encodeHead } from '../../src/daemon/checkpoint.ts';
import { findStart } from '../../src/daemon/restore.ts';
import { encodeSnapshot } from '../../src/engine/index.ts';
import type { StoredCheckpoint } from '../../src/ports/checkpoint-store.ts';
import { burst, Life, START, TOPICS, World } from './rig.ts';

const HOUR = 3_600_000;

async function inWorld(run: (world: World) => Promise<void>): Promise<void> {
  const world = new World();
  try {
    await run(world);
  } finally {
    await world.dispose();
  }
}

const start = (world: World, stored: StoredCheckpoint | null, backMs = 60_000) =>
  findStart(world.log, TOPICS.events, 0, stored, backMs, world.now);

/** The checkpoint after everything that is in the log. */
async function checkpointOf(world: World): Promise<StoredCheckpoint> {
  const life = await Life.begin(world);
  await life.read();
  const [partition] = life.pipeline.partitions;
  const head = encodeHead(partition!.head());
  const bytes = Buffer.concat([...checkpointChunks(head, encodeSnapshot(partition!.engine.snapshot()))]);
  return { log: 'x', partition: 0, epoch: 1, offset: partition!.engine.nextOffset, bytes };
}

describe('where a partition starts', () => {
  test('without a checkpoint: an hour back at least, quiet up to the end that is known now', () =>
    inWorld(async (world) => {
      await world.produce(...burst(2, START));
      world.now += 2 * HOUR;
      await world.produce(...burst(3, world.now));
      expect(await start(world, null)).toMatchObject({ from: 'log', offset: 2, quietUntil: 5, lost: false });
      expect(await start(world, null, 3 * HOUR)).toMatchObject({ offset: 0 });
    }));

  test('with one: where it ends', () =>
    inWorld(async (world) => {
      await world.produce(...burst(4, START));
      const stored = await checkpointOf(world);
      await world.produce(...burst(2, START));
      expect(await start(world, stored)).toMatchObject({
        from: 'checkpoint',
        offset: 4,
        head: { last: { offset: 3 } },
      });
    }));

  test('with one whose log ends before it: anew, and that is a loss', () =>
    inWorld(async (world) => {
      await world.produce(...burst(4, START));
      const stored = await checkpointOf(world);
      await inWorld(async (other) => {
        await other.produce(...burst(2, START));
        expect(await start(other, stored)).toMatchObject({ from: 'log', offset: 0, lost: true });
      });
    }));

  test('with one whose last record is another one here: anew', () =>
    inWorld(async (world) => {
      await world.produce(...burst(4, START));
      const stored = await checkpointOf(world);
      await inWorld(async (other) => {
        other.now += 5_000;
        await other.produce(...burst(9, START));
        expect(await start(other, stored)).toMatchObject({ from: 'log', lost: true });
      });
    }));

  test('with a damaged one: anew, with the reason', () =>
    inWorld(async (world) => {
      await world.produce(...burst(4, START));
      const { bytes, ...stored } = await checkpointOf(world);
      const cut = await start(world, { ...stored, bytes: bytes.subarray(0, bytes.length - 8) });
      expect(cut).toMatchObject({ from: 'log', lost: true });
      expect(cut.from === 'log' && cut.notice).toContain('the checkpoint cannot be read');
      expect(await start(world, { ...stored, bytes: Buffer.from('junk') })).toMatchObject({ from: 'log' });
    }));

  test("a broker's clock that went back makes no other log of it", () =>
    inWorld(async (world) => {
      await world.produce(...burst(1, START));
      world.now -= 5_000;
      await world.produce(...burst(1, START));
      const stored = await checkpointOf(world);
      expect(await start(world, stored)).toMatchObject({ from: 'checkpoint', offset: 2 });
    }));
});
