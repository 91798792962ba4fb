import { afterEach, beforeEach, expect, test } from 'vitest';
import { burst, Life, rulesOf, START, World } from './rig.ts';

const RULES = rulesOf(`
groups:
  - name: burst
    rules:
      - {alert: Burst, type: event_count, match: {kind: write}, window: 10m, cooldown: 0s, condition: {gt: 3}, severity: critical}
`);
const SCOPE = { kind: 'session', tenant: 'acme', session: 's1' } as const;
const KILLED = ['session:acme:s1'];

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.dispose());

/** A session was killed, restored, and has written again before the daemon hears of the restore. */
async function unheard(writes: number): Promise<Life> {
  const life = await Life.begin(world, RULES);
  life.mirror.onFence((fence) => void life.pipeline.fence(fence));
  await world.produce(...burst(5, START));
  await life.read();
  expect(await world.stopped()).toEqual(KILLED);
  world.now += 1_000;
  const actor = { kind: 'operator', id: 'ann' } as const;
  await world.store.clear({ scope: SCOPE, reason: 'well again', actor, decisionId: 'by hand', holdMs: null });
  world.now += 1;
  await world.produce(...burst(writes, world.now));
  const refresh = life.mirror.refresh.bind(life.mirror);
  life.mirror.refresh = async () => true;
  await life.read();
  life.mirror.refresh = refresh;
  expect(await world.stopped()).toEqual([]);
  return life;
}

async function goesOn(life: Life): Promise<void> {
  for (let n = 0; n < 3; n++) {
    world.now += 5_000;
    await life.read();
    await life.tick();
  }
}

test('a session that does wrong again before the daemon hears of its restore is killed again, once', async () => {
  const life = await unheard(5);
  await goesOn(life);
  expect(await world.stopped()).toEqual(KILLED);
  await life.settle();
  const kills = (await world.audit()).filter(({ type }) => type === 'session.terminated');
  expect(new Set(kills.map(({ decision_id }) => decision_id)).size).toBe(2);
  expect(kills.at(-1)).toMatchObject({ timing: { appended_at: START + 1_001 }, evidence: { value: 5 } });
});

test('one that does nothing wrong then is not', async () => {
  await goesOn(await unheard(3));
  expect(await world.stopped()).toEqual([]);
});

test('what a checkpoint remembers is decided again after a crash too', async () => {
  const life = await unheard(5);
  world.now += 1_000;
  await life.tick();
  const next = await Life.begin(world, RULES);
  await goesOn(next);
  expect(await world.stopped()).toEqual(KILLED);
});
