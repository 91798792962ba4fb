import { afterEach, beforeEach, expect, test } from 'vitest';
import { measurePipeline, measureStore, tellActiveSessions } from '../../src/daemon/gauges.ts';
import { burst, Life, World } from './rig.ts';

let world: World;
let life: Life;
beforeEach(async () => {
  world = new World();
  life = await Life.begin(world);
});
afterEach(() => world.dispose());

const measured = () => ({
  ...{ metrics: life.metrics, pipeline: life.pipeline, store: world.store },
  ...{ queue: life.queue, mirror: life.mirror },
});

test('guards are counted as confirmed, behind or silent', async () => {
  const report = (id: string, version: number, epoch: string | null) =>
    world.store.acknowledgeGuard({ id, version, epoch, in_flight: 0, at: 0 });
  await report('gone silent', life.mirror.version, life.mirror.epoch);
  world.now += 16_000;
  await report('up to date', life.mirror.version, life.mirror.epoch);
  await report('of another epoch', life.mirror.version, 'other');
  await measureStore(measured());
  const { values } = await life.metrics.guards.get();
  expect(values.map(({ labels, value }) => [labels.state, value])).toEqual([
    ['confirmed', 1],
    ['behind', 1],
    ['silent', 1],
  ]);
});

test('lag, active sessions and what is not in the audit yet are told', async () => {
  await world.produce(...burst(5, world.now));
  await life.read(2);
  measurePipeline(measured());
  expect(await life.metric('sentinel_consumer_lag')).toBe(3);
  expect(await life.metric('sentinel_active_sessions')).toBe(1);
  await life.read();
  await life.queue.flush(1_000);
  await measureStore(measured());
  expect(await life.metric('sentinel_audit_pending')).toBe(1);
  await tellActiveSessions(measured());
});
