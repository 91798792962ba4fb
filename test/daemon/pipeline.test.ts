import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { verifyChains } from '../../src/audit/verify.ts';
import { STALL_MS, stalled } from '../../src/daemon/watchdog.ts';
import { SentinelError } from '../../src/domain/errors.ts';
import { burst, event, Life, rulesOf, START, TOPICS, World } from './rig.ts';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.dispose());

const KILLED = ['session:acme:s1'];

async function types(): Promise<string[]> {
  return (await world.audit()).map(({ type }) => type);
}

async function countOf(type: string): Promise<number> {
  return (await types()).filter((one) => one === type).length;
}

async function decided(): Promise<Life> {
  const life = await Life.begin(world);
  await world.produce(...burst(5, world.now));
  await life.read();
  return life;
}

describe('from records to kills', () => {
  test('a session that crosses its rule is terminated, with alert, record and chain', async () => {
    const life = await decided();
    await life.settle();
    expect(await world.stopped()).toEqual(KILLED);
    expect(await types()).toEqual(['alert.firing', 'session.terminated']);
    expect(verifyChains(await world.audit())).toEqual([]);
  });

  test('a kill during an outage of the store is carried out when it is back, once', async () => {
    const life = await Life.begin(world);
    await life.assign();
    await world.produce(...burst(5, START));
    world.down.add('store');
    await life.read();
    await life.tick();
    expect(life.pipeline.partitions[0]?.storeOutage).toBe('store is away');
    world.down.delete('store');
    world.now += 500;
    await life.tick();
    await life.settle();
    expect(life.pipeline.partitions[0]?.storeOutage).toBeNull();
    expect(await world.stopped()).toEqual(KILLED);
    expect(await countOf('session.terminated')).toBe(1);
  });

  test('an outage costs a batch one attempt, not one for each of its decisions', async () => {
    const life = await Life.begin(world);
    await life.assign();
    for (let n = 0; n < 50; n++) await world.produce(...burst(4, START, { session_id: `s${n}` }));
    world.down.add('store');
    await life.read();
    expect(await life.metric('sentinel_actions_total')).toBe(1);
    world.down.delete('store');
    world.now += 500;
    await life.tick();
    expect(await world.stopped()).toHaveLength(50);
  });

  test('a kill that was decided during an outage survives a crash in it', async () => {
    const life = await Life.begin(world);
    await life.assign();
    await world.produce(...burst(5, START));
    world.down.add('store');
    await life.read();
    world.now += 5_000;
    await life.tick();
    world.down.delete('store');
    const next = await Life.begin(world);
    await next.read();
    world.now += 500;
    await next.tick();
    expect(await world.stopped()).toEqual(KILLED);
  });

  test('a decision that was applied and not told to Kafka is applied again after the store forgot it', async () => {
    const life = await decided();
    await world.forgetKills();
    expect(await world.stopped()).toEqual([]);
    await life.keeper.follow();
    await life.pipeline.doubt();
    await life.tick();
    expect(await world.stopped()).toEqual(KILLED);
  });

  test('a suppression is recorded once, however often it is met, and closed with its count', async () => {
    const rules = rulesOf(`
groups:
  - name: warn
    rules:
      - {alert: Warn, type: event_count, window: 1m, condition: {gt: 1}, severity: critical, exceptions: [{tenant: acme, comment: load test}]}
`);
    const life = await Life.begin(world, rules);
    await world.produce(...burst(3, START));
    await life.read();
    for (let n = 0; n < 4; n++) {
      world.now += 30_000;
      await life.read();
    }
    await life.settle();
    const suppressed = (await world.audit()).filter(({ type }) => type === 'decision.suppressed');
    expect(suppressed.map(({ count }) => count)).toEqual([null, 7]);
    expect(await world.stopped()).toEqual([]);
  });

  test('simulated rules stop nothing, and say what they would have done', async () => {
    const life = await Life.begin(world, undefined, { simulate: true });
    await world.produce(...burst(5, START));
    await life.read();
    await life.settle();
    expect(await world.stopped()).toEqual([]);
    expect(await types()).toEqual(['alert.firing', 'decision.simulated']);
  });

  test('a drained partition follows the clock: an idle session is noticed without another event', async () => {
    const rules = rulesOf(`
groups:
  - name: idle
    rules:
      - {alert: Idle, type: session_idle, condition: {gt: 1m}, severity: critical}
`);
    const life = await Life.begin(world, rules);
    await world.produce(event(START));
    await life.read();
    world.now += 61_000;
    await life.read();
    expect(await world.stopped()).toEqual([]);
    world.now += 2_000;
    await life.read();
    expect(await world.stopped()).toEqual(KILLED);
  });

  test('offsets at the end that hold no record do not keep the clock, or a quiet replay, from going on', async () => {
    await world.produce(...burst(5, START));
    const life = await Life.begin(world);
    const end = 5;
    await life.assign();
    await life.read(undefined, { nextOffset: end + 2, endOffset: end + 2 });
    expect(life.pipeline.partitions[0]?.engine.nextOffset).toBe(end + 2);
    expect(life.pipeline.progress()).toMatchObject([{ lag: 0 }]);
  });
});

describe('what is read', () => {
  const rules = rulesOf(`
groups:
  - name: g
    rules:
      - {alert: Now, type: event_count, match: {tool: [db.*]}, window: 1m, condition: {gt: 3}, severity: critical}
`);

  test('a replay without a checkpoint acts at its end on what is fresh, though its alert is over by then', async () => {
    await world.produce(...burst(5, world.now, { session_id: 'over' }));
    world.now += 120_000;
    await world.produce(...burst(1, world.now, { session_id: 'other' }));
    const life = await Life.begin(world, rules);
    await life.read();
    await life.settle();
    expect(await world.stopped()).toEqual(['session:acme:over']);
  });

  test('a replay without a checkpoint does not act on what is stale and over', async () => {
    await world.produce(...burst(5, world.now, { session_id: 'past' }));
    world.now += 600_000;
    await world.produce(...burst(5, world.now, { session_id: 'present' }));
    const life = await Life.begin(world, rules);
    await life.read();
    await life.settle();
    expect(await world.stopped()).toEqual(['session:acme:present']);
    expect(life.notices).toMatchObject([{ kind: 'information' }]);
  });

  test('offsets below the next are ignored: a rewind is harmless', async () => {
    const life = await Life.begin(world);
    await world.produce(...burst(3, START));
    await life.read();
    await life.assign();
    await life.read();
    expect(await world.stopped()).toEqual([]);
  });

  test('a gap is told and counted', async () => {
    const life = await Life.begin(world);
    await world.produce(...burst(1, START));
    await life.read(undefined, { gap: { from: 3, to: 10 } });
    expect(life.notices.at(-1)).toEqual({
      kind: 'loss',
      text: 'offsets 3 to 9 were dropped by the log before they could be read',
    });
    expect(await life.metric('sentinel_log_gap_records_total')).toBe(7);
  });

  test('a topic with the times of producers is told, once', async () => {
    const life = await Life.begin(world);
    life.logAppendTime = false;
    for (let n = 0; n < 3; n++) {
      await world.produce(event(START));
      await life.read();
    }
    expect(life.notices.filter(({ kind }) => kind === 'producer_time')).toHaveLength(1);
  });

  test('late, repeated and overflowing events are counted', async () => {
    const rules = rulesOf(`
groups:
  - name: g
    rules:
      - {alert: A, type: event_count, group_by: [tenant], window: 1m, condition: {gt: 99}, severity: warning}
`);
    const life = await Life.begin(world, rules);
    const once = event(START);
    await world.produce(once, once, event(START - 120_000));
    await life.read();
    for (const partition of life.pipeline.partitions) partition.count();
    for (const partition of life.pipeline.partitions) partition.count();
    expect(await life.metric('sentinel_events_repeated_total')).toBe(1);
    expect(await life.metric('sentinel_events_late_total')).toBe(1);
    expect(await life.metric('sentinel_events_processed_total')).toBe(3);
  });
});

describe('what is no event', () => {
  test('goes to the dead-letter topic whole, with its reason and its place, and counts', async () => {
    const life = await Life.begin(world);
    await world.log.append(TOPICS.events, [
      { key: 'k', value: 'no json', headers: { traceparent: '00-1' } },
      { key: 'k', value: null },
      { key: 'k', value: JSON.stringify({ event_id: 'e' }) },
    ]);
    await life.read();
    await life.settle();
    const letters = await world.records(TOPICS.dead_letter);
    const headers = letters.map(({ headers }) => ({
      reason: headers['sentinel-reason'],
      at: headers['sentinel-offset'],
    }));
    expect(headers.map(({ at }) => String(at))).toEqual(['0', '1', '2']);
    expect(headers.map(({ reason }) => String(reason))).toEqual(['not_json', 'tombstone', 'missing_field']);
    expect(Buffer.from(letters[0]?.value as Uint8Array).toString()).toBe('no json');
    expect(String(letters[0]?.headers.traceparent)).toBe('00-1');
    expect(letters[1]?.value).toBeNull();
    expect(await life.metric('sentinel_events_rejected_total')).toBe(3);
  });

  test('while its topic takes nothing it waits in the checkpoint, and other records go on', async () => {
    const life = await Life.begin(world);
    world.down.add(TOPICS.dead_letter);
    await world.produce('no json', ...burst(5, START));
    await life.read();
    await life.relay.run();
    expect(await countOf('alert.firing')).toBe(1);
    expect(life.queue.outage).toContain(TOPICS.dead_letter);
    world.now += 5_000;
    await life.tick();
    world.down.delete(TOPICS.dead_letter);
    const next = await Life.begin(world);
    await next.assign();
    await next.settle();
    const letters = await world.records(TOPICS.dead_letter);
    expect(new Set(letters.map(({ headers }) => String(headers['sentinel-offset'])))).toEqual(new Set(['0']));
  });
});

describe('blocked and leaked calls', () => {
  test('a blocked call is recorded, by the guard that refused it', async () => {
    const life = await Life.begin(world);
    const labels = { 'sentinel.guard': 'g1', 'sentinel.reason': 'killed: stop_all', 'sentinel.decision_id': 'd1' };
    await world.produce(event(START, { status: 'blocked', labels }));
    await life.read();
    await life.settle();
    expect(await world.audit()).toMatchObject([
      {
        ...{ type: 'call.blocked', actor: { kind: 'guard', id: 'g1' }, reason: 'killed: stop_all' },
        ...{ decision_id: 'd1', tenant_id: 'acme', session_id: 's1', tool: 'db.write', count: 1 },
      },
    ]);
  });

  test('a call that ran after its kill should have held is leaked: one record a minute, with a count', async () => {
    const life = await decided();
    world.now += 3_000;
    await world.produce(event(world.now));
    await life.read();
    expect(await life.metric('sentinel_leaked_calls_total')).toBe(0);
    world.now += 2_000;
    await world.produce(...burst(3, world.now), event(world.now, { status: 'blocked' }));
    await life.read();
    world.now += 120_000;
    await world.produce(...burst(2, world.now));
    await life.read();
    world.now += 120_000;
    await life.read();
    await life.settle();
    expect(await life.metric('sentinel_leaked_calls_total')).toBe(5);
    const leaks = (await world.audit()).filter(({ type }) => type === 'enforcement.leaked');
    expect(leaks.map(({ count, session_id }) => ({ count, session_id }))).toEqual([
      { count: 3, session_id: 's1' },
      { count: 2, session_id: 's1' },
    ]);
  });

  test('leaks of a minute that is not over survive a crash', async () => {
    const life = await decided();
    world.now += 10_000;
    await world.produce(...burst(3, world.now));
    await life.read();
    const next = await Life.begin(world);
    await world.produce(...burst(2, world.now));
    await next.read();
    world.now += 120_000;
    await next.read();
    await next.settle();
    const leaks = (await world.audit()).filter(({ type }) => type === 'enforcement.leaked');
    expect(leaks.map(({ count }) => count)).toEqual([5]);
  });
});

describe('checkpoints', () => {
  test('a graceful stop saves and commits: the next life begins where this one ended', async () => {
    const life = await Life.begin(world);
    await world.produce(...burst(3, START));
    await life.read();
    await life.pipeline.stop();
    expect(life.commits).toEqual([3]);
    const next = await Life.begin(world);
    await next.assign();
    expect(next.notices).toEqual([]);
    expect(next.pipeline.partitions[0]?.engine.nextOffset).toBe(3);
  });

  test('a partition without any record has one too', async () => {
    const life = await Life.begin(world);
    await life.assign();
    await life.pipeline.stop();
    const next = await Life.begin(world);
    await next.assign();
    expect(next.notices).toEqual([]);
  });

  test('while their store is away reading goes on, and it is said', async () => {
    const life = await Life.begin(world);
    await life.assign();
    world.down.add('checkpoints');
    world.now += 5_000;
    await world.produce(...burst(5, world.now));
    await life.read();
    await life.tick();
    expect(await world.stopped()).toEqual(KILLED);
    expect(life.waiting.get('checkpoints')).toBe('checkpoints is away');
    world.down.delete('checkpoints');
    world.now += 5_000;
    await life.tick();
    expect(life.waiting.size).toBe(0);
    expect(life.commits).toEqual([5]);
  });

  test('are what they were at one moment: records are read while they are on their way', async () => {
    const life = await Life.begin(world);
    await life.assign();
    let goOn: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    world.saves.push(held);
    await world.produce(...burst(2, world.now));
    await life.read();
    world.now += 5_000;
    const ticking = life.tick();
    await world.produce(...burst(3, world.now));
    await life.read();
    expect(await world.stopped()).toEqual(KILLED);
    goOn();
    await ticking;
    expect(life.commits).toEqual([2]);
    const next = await Life.begin(world);
    await next.assign();
    expect(next.pipeline.partitions[0]?.engine.nextOffset).toBe(2);
  });

  test('come less often where they would write more than their share', async () => {
    world.checkpointPace = { everyMs: 10, bytesPerMs: 1 };
    const life = await Life.begin(world);
    await life.assign();
    const readOne = async () => {
      await world.produce(...burst(1, world.now));
      await life.read();
      await life.tick();
    };
    world.now += 10;
    await readOne();
    const { stateBytes } = life.pipeline;
    world.now += stateBytes - 1;
    await readOne();
    expect(life.commits).toEqual([1]);
    world.now += 1;
    await life.tick();
    expect(life.commits).toEqual([1, 2]);
  });

  test('a restore waits for the checkpoint store, visibly, instead of failing', async () => {
    const life = await Life.begin(world);
    world.down.add('checkpoints');
    const assigned = life.assign();
    await expect.poll(() => life.waiting.get('partition 0')).toBe('checkpoints is away');
    expect(life.reading).toEqual([]);
    world.down.delete('checkpoints');
    await assigned;
    expect(life.waiting.size).toBe(0);
    expect(life.reading).toEqual([1]);
  });

  test('a log that turns us away at a takeover is waited for, visibly, instead of ending the process', async () => {
    const refused = new SentinelError('kafka_rejected', 'its certificate is out of date');
    vi.spyOn(world.log, 'endOffset').mockRejectedValueOnce(refused);
    const life = await Life.begin(world);
    const assigned = life.assign();
    await expect.poll(() => life.waiting.get('partition 0')).toBe('its certificate is out of date');
    await assigned;
    expect(life.waiting.size).toBe(0);
  });

  test("a zombie's checkpoint is refused, and it does nothing more", async () => {
    const zombie = await Life.begin(world);
    await world.produce(...burst(2, START));
    await zombie.read();
    const owner = await Life.begin(world);
    await owner.assign();
    world.now += 5_000;
    await zombie.tick();
    expect(zombie.notices.at(-1)?.text).toBe('another instance has taken this partition over');
    expect(zombie.commits).toEqual([]);
    await world.produce(...burst(5, world.now));
    await zombie.read();
    expect(await world.stopped()).toEqual([]);
    await owner.read();
    expect(await world.stopped()).toEqual(KILLED);
  });

  test('a rebalance sends what was on its way: no hole in the chain', async () => {
    const life = await Life.begin(world);
    world.down.add(TOPICS.audit);
    await world.produce(...burst(5, START));
    await life.read();
    await life.assign();
    world.down.delete(TOPICS.audit);
    await life.read();
    await life.settle();
    const faults = verifyChains(await world.audit());
    expect(faults.filter(({ fault }) => fault !== 'forked')).toEqual([]);
    expect(await countOf('session.terminated')).toBe(1);
  });
});

describe('reloads and fences', () => {
  test('a reload keeps the windows of what did not change, and acts by the new rules from then on', async () => {
    const life = await Life.begin(world, ruleWith(100));
    await world.produce(...burst(5, START));
    await life.read();
    expect(await world.stopped()).toEqual([]);
    await life.pipeline.reload(ruleWith(5));
    await world.produce(...burst(1, START));
    await life.read();
    expect(await world.stopped()).toEqual(KILLED);
  });

  test('a reload works while checkpoints cannot be saved', async () => {
    const life = await Life.begin(world, ruleWith(100));
    await world.produce(...burst(5, START));
    await life.read();
    world.down.add('checkpoints');
    await life.pipeline.reload(ruleWith(3));
    await world.produce(...burst(1, START));
    await life.read();
    expect(await world.stopped()).toEqual(KILLED);
  });

  test('a restore sticks through a replay of what the log already held', async () => {
    const life = await decided();
    await life.settle();
    world.now += 1_000;
    await world.store.clear({
      scope: { kind: 'session', tenant: 'acme', session: 's1' },
      reason: 'false alarm',
      actor: { kind: 'operator', id: 'ann' },
      decisionId: 'restore-1',
      holdMs: null,
    });
    const next = await Life.begin(world);
    await next.read();
    world.now += 20_000;
    await next.tick();
    expect(await world.stopped()).toEqual([]);
    await world.produce(...burst(5, world.now));
    await next.read();
    expect(await world.stopped()).toEqual(KILLED);
  });
});

function ruleWith(threshold: number) {
  return rulesOf(`
groups:
  - name: burst
    rules:
      - {alert: Burst, type: event_count, match: {kind: write}, window: 10m, condition: {gt: ${threshold}}, severity: critical}
`);
}

describe('progress, as the watchdog sees it', () => {
  const stall = (life: Life) => stalled(life.pipeline.progress(), world.now);

  test('records that are there and are not read for 15 s are a stall, also when no batch comes at all', async () => {
    const life = await Life.begin(world);
    await life.read();
    await world.produce(...burst(2, START));
    await life.pipeline.lookAtEnds();
    expect(stall(life)).toBeNull();
    world.now += STALL_MS - 1;
    expect(stall(life)).toBeNull();
    world.now += 1;
    expect(stall(life)).toContain('partition 0 has 2 records to read');
    await life.read();
    expect(stall(life)).toBeNull();
  });

  test('what waits for its outgoing records to be taken is paused, by name, and goes on afterwards', async () => {
    const life = await Life.begin(world, undefined, {}, { messages: 2, bytes: 1_000_000 });
    await life.assign();
    world.down.add(TOPICS.dead_letter);
    await world.produce('no', 'no', 'no', 'no');
    const reading = life.read();
    await expect
      .poll(() => life.pipeline.progress()[0]?.pausedFor)
      .toBe(`${TOPICS.dead_letter}: ${TOPICS.dead_letter} is away`);
    world.now += STALL_MS;
    expect(stall(life)).toBeNull();
    world.down.delete(TOPICS.dead_letter);
    await reading;
    await life.settle();
    expect(await world.records(TOPICS.dead_letter)).toHaveLength(4);
  });

  test('a partition that waits for room can be stopped all the same', async () => {
    const life = await Life.begin(world, undefined, {}, { messages: 1, bytes: 1_000_000 });
    await life.assign();
    world.down.add(TOPICS.dead_letter);
    await world.produce('no', 'no', 'no');
    const reading = life.read();
    await expect.poll(() => life.pipeline.partitions[0]?.engine.nextOffset).toBe(1);
    await life.pipeline.stop();
    await reading;
    expect(life.commits).toEqual([1]);
    life.queue.close();
  });
});
