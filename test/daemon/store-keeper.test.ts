import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Flags } from '../../src/adapters/embedded/flags.ts';
import { States } from '../../src/adapters/embedded/states.ts';
import { EmbeddedStore } from '../../src/adapters/embedded/store.ts';
import { SENTINEL } from '../../src/audit/facts.ts';
import { limitMessage } from '../../src/audit/kill-state-message.ts';
import { Relay } from '../../src/audit/relay.ts';
import { DEFAULT_CONFIG } from '../../src/daemon/config/config.ts';
import { KillMirror } from '../../src/daemon/kill-mirror.ts';
import { readKillTopic } from '../../src/daemon/kill-topic.ts';
import { publishedConfig } from '../../src/daemon/parts.ts';
import { StoreKeeper } from '../../src/daemon/store-keeper.ts';
import type { KillState } from '../../src/domain/kill-state.ts';
import { type Scope, scopeText } from '../../src/domain/scope.ts';
import { flagKey, killKeys } from '../../src/killswitch/keys.ts';
import type { LogRecord } from '../../src/ports/event-log.ts';
import { TOPICS, World } from './rig.ts';

let world: World;
let mirror: KillMirror;
let keeper: StoreKeeper;
beforeEach(async () => {
  world = new World();
  fresh();
  await keeper.open();
});
afterEach(() => world.dispose());

/** Another daemon, which knows nothing yet. */
function fresh(): void {
  mirror = new KillMirror(world.store);
  keeper = new StoreKeeper(world.store, world.log, mirror, TOPICS.kill_state, publishedConfig(DEFAULT_CONFIG));
}

const DAY = 86_400_000;
const OPERATOR = { kind: 'operator', id: 'ann' } as const;
const S1: Scope = { kind: 'session', tenant: 'acme', session: 's1' };
const ACME: Scope = { kind: 'tenant', tenant: 'acme' };
let decisions = 0;

async function trip(scope: Scope): Promise<KillState> {
  const outcome = await world.store.trip({
    ...{ scope, mode: 'stop_all', reason: 'test', actor: OPERATOR, decisionId: `d${++decisions}`, rule: null },
    ...{ evidence: null, ttlMs: null, inFlight: null },
    audit: { severity: 'info', action: 'x', rule: null, evidence: null, timing: null },
  });
  if (outcome.status !== 'applied') throw new Error(outcome.status);
  return outcome.state;
}

async function clear(scope: Scope): Promise<void> {
  await world.store.clear({ scope, reason: 'ok', actor: OPERATOR, decisionId: `d${++decisions}`, holdMs: null });
}

async function publish(): Promise<void> {
  await new Relay(world.store, world.log, TOPICS, 'test').run();
}

describe('a wiped store', () => {
  test('agrees with the topic again, and is another store for everybody else', async () => {
    await trip(S1);
    await trip(ACME);
    await clear(ACME);
    await publish();
    const epoch = await world.store.epoch();
    await world.forgetKills();
    fresh();
    await keeper.open();
    expect(await world.stopped()).toEqual(['session:acme:s1']);
    expect(await world.store.epoch()).not.toBe(epoch);
    expect((await world.store.read([ACME]))[0]?.state?.fence).not.toBeNull();
    expect(await world.store.config()).toEqual(publishedConfig(DEFAULT_CONFIG));
  });

  test('gets back what had not reached the topic from whoever knows it', async () => {
    await trip(S1);
    await keeper.follow();
    await world.forgetKills();
    expect(await keeper.follow()).toBe(false);
    expect(await world.stopped()).toEqual(['session:acme:s1']);
    expect(await keeper.follow()).toBe(true);
  });

  test('is not rebuilt again and again by two daemons', async () => {
    await trip(S1);
    await publish();
    const other = new KillMirror(world.store);
    const neighbour = new StoreKeeper(
      ...([world.store, world.log, other, TOPICS.kill_state, publishedConfig(DEFAULT_CONFIG)] as const),
    );
    await neighbour.open();
    await world.forgetKills();
    await keeper.follow();
    await neighbour.follow();
    const epoch = await world.store.epoch();
    expect([await keeper.follow(), await neighbour.follow()]).toEqual([true, true]);
    expect(await world.store.epoch()).toBe(epoch);
  });
});

describe('a limit that holds', () => {
  const flips = { name: 'tenant_flips', max: 0, perMs: DAY, concerns: 'all' } as const;

  async function flip(): Promise<string> {
    const automation = { evidenceAppendedAt: world.now + 1, limits: [flips], escalation: null };
    const outcome = await world.store.trip({
      ...{ scope: ACME, mode: 'stop_all', reason: 'test', actor: SENTINEL, decisionId: `d${++decisions}`, rule: 'R' },
      ...{ evidence: null, ttlMs: null, inFlight: null, automation },
      audit: { severity: 'info', action: 'x', rule: null, evidence: null, timing: null },
    });
    return outcome.status === 'refused' ? outcome.code : outcome.status;
  }

  const held = async () => (await world.store.trippedLimits()).map(({ name }) => name);

  test('holds in a store that was wiped, until it is re-armed', async () => {
    expect(await flip()).toBe('limit');
    await publish();
    await world.forgetKills();
    fresh();
    await keeper.open();
    expect(await held()).toEqual(['tenant_flips']);
    expect(await flip()).toBe('not_armed');
    await world.store.rearm('tenant_flips', OPERATOR);
    await publish();
    await world.forgetKills();
    await keeper.follow();
    expect(await held()).toEqual([]);
  });

  test('holds too where only we still know of it, and the topic knows it from then on', async () => {
    expect(await flip()).toBe('limit');
    await keeper.limits();
    await world.forgetKills();
    // Whoever looks at the empty store sees none: that makes us forget nothing.
    expect(await keeper.limits()).toEqual([]);
    await keeper.follow();
    expect(await held()).toEqual(['tenant_flips']);
    await world.forgetKills();
    fresh();
    await keeper.open();
    expect(await held()).toEqual(['tenant_flips']);
  });
});

describe('a store that was rolled back', () => {
  /** The topic has a state that the store has forgotten, as after a failover that lost the last second. */
  async function forgetNewest(scope: string, state: Partial<KillState>): Promise<void> {
    const { states } = await readKillTopic(world.log, TOPICS.kill_state);
    const known = states[0]!.state;
    const newer = { ...known, ...state, version: known.version + 1_000 };
    await world.log.append(TOPICS.kill_state, [{ key: scope, value: JSON.stringify(newer) }]);
  }

  test('is found at the start, and gets the kills that it lost', async () => {
    await trip(S1);
    await publish();
    await forgetNewest('tenant:acme', { mode: 'stop_all' });
    fresh();
    await keeper.open();
    expect(await world.stopped()).toEqual(['session:acme:s1', 'tenant:acme']);
  });

  test('is found after it was away, also where its version is greater by now, and gets the lifts that it lost', async () => {
    await trip(S1);
    await publish();
    await forgetNewest('session:acme:s1', { mode: 'none' });
    await trip(ACME);
    expect(await keeper.follow()).toBe(true);
    keeper.doubt();
    expect(await keeper.follow()).toBe(false);
    expect(await world.stopped()).toEqual(['tenant:acme']);
    keeper.doubt();
    expect(await keeper.follow()).toBe(true);
  });

  test('stays in doubt until it could be compared', async () => {
    keeper.doubt();
    world.down.add('store');
    await expect(keeper.follow()).rejects.toThrow('away');
    world.down.delete('store');
    await trip(S1);
    await publish();
    await forgetNewest('tenant:acme', { mode: 'stop_all' });
    expect(await keeper.follow()).toBe(false);
  });
});

describe('a store that lost a state', () => {
  /** The entry and the flag, as if evicted. */
  async function lose(scope: Scope): Promise<void> {
    const store = EmbeddedStore.open(join(world.dir, 'kill'));
    const flags = new Flags(store);
    store.write(() => {
      new States(store, '').remove(scopeText(scope));
      flags.remove(flagKey(killKeys(), scope));
    });
    await store.close();
  }

  test('gets it back as it was, at the next adoption, and nothing else is changed', async () => {
    const before = await trip(S1);
    const other = await trip(ACME);
    await keeper.follow();
    await lose(S1);
    const epoch = await world.store.epoch();
    expect(await keeper.adoptAll()).toEqual(['session:acme:s1']);
    const [reading, untouched] = await world.store.read([S1, ACME]);
    expect(reading?.state).toMatchObject({ mode: before.mode, expires_at: before.expires_at, reason: before.reason });
    expect(reading?.state?.version).toBeGreaterThan(before.version);
    expect(untouched?.state).toEqual(other);
    expect(await world.store.epoch()).toBe(epoch);
    expect(await keeper.adoptAll()).toEqual([]);
    expect(await keeper.follow()).toBe(true);
  });

  test('gets back a fence from the topic', async () => {
    await trip(ACME);
    await clear(ACME);
    await publish();
    await keeper.follow();
    await lose(ACME);
    expect(await keeper.adoptAll()).toEqual(['tenant:acme']);
    expect(await keeper.follow()).toBe(false);
    expect((await world.store.read([ACME]))[0]?.state).toMatchObject({ mode: 'none', fence: world.now });
    expect([await keeper.adoptAll(), await keeper.follow()]).toEqual([[], true]);
  });

  test('that nobody knows any more is looked for once', async () => {
    await trip(ACME);
    await clear(ACME);
    await keeper.follow();
    await lose(ACME);
    expect(await keeper.adoptAll()).toEqual(['tenant:acme']);
    expect(await keeper.follow()).toBe(true);
    expect([await keeper.adoptAll(), await keeper.follow()]).toEqual([[], true]);
    await trip(ACME);
    await keeper.follow();
    await lose(ACME);
    expect(await keeper.adoptAll()).toEqual(['tenant:acme']);
    expect(await world.stopped()).toEqual(['tenant:acme']);
  });

  test('is none where it was lifted, has ended, or was swept', async () => {
    await trip(ACME);
    const { expires_at: end } = await trip(S1);
    await clear(ACME);
    await keeper.follow();
    world.now = end!;
    await keeper.expire(world.now);
    expect(await keeper.adoptAll()).toEqual([]);
    world.now += 8 * DAY;
    await world.store.sweep(10);
    expect(await keeper.adoptAll()).toEqual([]);
    expect(await world.stopped()).toEqual([]);
  });
});

describe('the topic of states', () => {
  test('an older state behind a newer one is overtaken: the newer one is to be published again', async () => {
    const newest = await trip(S1);
    const written = (...versions: readonly number[]) => ({
      readAll: async (_: string, visit: (record: LogRecord) => void) => {
        for (const version of versions) {
          const value = version === 0 ? null : Buffer.from(JSON.stringify({ ...newest, version }));
          const place = { topic: TOPICS.kill_state, partition: 0, offset: 0, appendedAt: 0, headers: {} };
          visit({ ...place, key: Buffer.from('session:acme:s1'), value });
        }
      },
    });
    const read = async (...versions: readonly number[]) => {
      const { states, older } = await readKillTopic(written(...versions), TOPICS.kill_state);
      return [states, older].map((all) => all.map(({ state }) => state.version));
    };
    expect(await read(1, 2)).toEqual([[2], []]);
    expect(await read(2, 1)).toEqual([[2], [2]]);
    expect(await read(2, 1, 2)).toEqual([[2], []]);
    expect(await read(2, 1, 0)).toEqual([[], []]);
  });

  test('other keys and what is no state are left alone', async () => {
    await world.log.append(TOPICS.kill_state, [
      { key: 'silence:1', value: '{"version":1,"mode":"stop_all"}' },
      { key: 'limit:share', value: '{"version":2,"mode":"x"}' },
      { key: 'tenant:acme', value: 'junk' },
      { key: null, value: '{}' },
    ]);
    expect(await readKillTopic(world.log, TOPICS.kill_state)).toMatchObject({ states: [], older: [] });
  });

  test('a limit holds until a tombstone says that it was re-armed, whatever else is under its key', async () => {
    const limit = { name: 'share', at: 5, detail: 'spent' };
    await world.log.append(TOPICS.kill_state, [
      limitMessage(limit),
      limitMessage({ ...limit, name: 'tenant_flips' }),
      { key: 'limit:group:a:b', value: 'junk' },
      { key: 'limit:tenant_flips', value: null },
    ]);
    const { limits } = await readKillTopic(world.log, TOPICS.kill_state);
    expect(limits).toEqual([limit, { name: 'group:a:b', at: 0, detail: '' }]);
  });

  test('what is swept from the index gets a tombstone, and makes no store look rolled back', async () => {
    await trip(ACME);
    await clear(ACME);
    await publish();
    world.now += 8 * DAY;
    world.down.add(TOPICS.kill_state);
    await expect(keeper.sweep()).rejects.toThrow();
    world.down.clear();
    keeper.doubt();
    expect(await keeper.follow()).toBe(true);
    await trip(ACME);
    await clear(ACME);
    await publish();
    world.now += 8 * DAY;
    await keeper.sweep();
    expect((await readKillTopic(world.log, TOPICS.kill_state)).states).toEqual([]);
  });
});

describe('a terminated session whose calls are still blocked', () => {
  test('is renewed at most once a day, and others not at all', async () => {
    const { expires_at: end } = await trip(S1);
    const renewed = async () => (await world.store.read([S1]))[0]?.state?.expires_at;
    const renew = async () => {
      await keeper.follow();
      await keeper.renew('acme', 's1', world.now);
      await keeper.renew('acme', 's2', world.now);
      return renewed();
    };
    world.now += DAY - 1;
    expect(await renew()).toBe(end);
    world.now += 1;
    expect(await renew()).toBe(end! + DAY);
    world.now += 1_000;
    expect(await renew()).toBe(end! + DAY);
  });
});
