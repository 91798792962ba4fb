import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { scopeText } from '../../../src/domain/scope.ts';
import { readHandText } from '../../../src/killswitch/hand-text.ts';
import { killKeys } from '../../../src/killswitch/keys.ts';
import {
  applied,
  byOperator,
  byRuleNow,
  clearing,
  GLOBAL,
  MINUTE,
  modeOf,
  notes,
  SENTINEL,
  session,
  stateOf,
  stateWith,
  tenant,
  tool,
  verdictOf,
} from '../../conformance/kill-store/harness.ts';
import { killStoreConformance } from '../../conformance/kill-store.ts';
import { redisUrl } from '../../services/context.ts';
import { type RedisHarness, redisHarness } from './harness.ts';

killStoreConformance('Redis', (options) => redisHarness(redisUrl(), options));

const open: RedisHarness[] = [];
afterEach(async () => {
  for (const harness of open.splice(0)) await harness.close();
});

async function fresh(): Promise<RedisHarness> {
  const harness = await redisHarness(redisUrl());
  open.push(harness);
  await harness.store.initialise([], SENTINEL);
  return harness;
}

describe('what others read without us', () => {
  test('index, order, version, epoch and message are as the contract writes them', async () => {
    const { store, redis, prefix } = await fresh();
    const heard: string[] = [];
    const subscriber = redis.duplicate();
    await subscriber.subscribe(`${prefix}agent_kill_events`);
    subscriber.on('message', (_channel, message) => heard.push(message));
    const state = applied(await store.trip(byOperator(session('a:b', 's/"1"'))));
    const scope = 'session:a%3Ab:s/"1"';
    expect(await redis.hget(`${prefix}agent_kill_index`, scope)).toBe(JSON.stringify(state));
    expect(await redis.zscore(`${prefix}agent_kill_order`, scope)).toBe(String(state.version));
    expect(await redis.get(`${prefix}agent_kill_version`)).toBe(String(state.version));
    expect(await redis.get(`${prefix}agent_kill_epoch`)).toBe(state.epoch);
    expect(await redis.exists(`${prefix}agent_kill_applied:${state.decision_id}`)).toBe(1);
    await expect.poll(() => heard).toEqual([JSON.stringify({ scope, state })]);
    subscriber.disconnect();
  });

  test('a decision id is remembered for 7 days, and a session for as long as it may be asked for', async () => {
    const { store, redis, prefix } = await fresh();
    const { decision_id } = applied(await store.trip(byOperator(GLOBAL)));
    const days = (ms: number) => Math.ceil(ms / 86_400_000);
    expect(days(await redis.pttl(`${prefix}agent_kill_applied:${decision_id}`))).toBe(7);
    await store.registerSession('acme', 's', null);
    expect(days(await redis.pttl(`${prefix}agent_session:s`))).toBe(30);
  });
});

describe('what a person writes', () => {
  test('the script and the reader give any text the same meaning', async () => {
    const { store, byHand } = await fresh();
    const word = fc.constantFrom(
      ...[
        '0',
        '1',
        'false',
        'OFF',
        'no',
        '',
        ' ',
        '\t',
        ',',
        'stop_all',
        'STOP_NEW_RUNS',
        'disable_writes',
        'none',
        'ü',
      ],
    );
    const given = fc.oneof(
      fc.array(word, { maxLength: 4 }).map((words) => words.join('')),
      fc.string({ maxLength: 200 }),
    );
    await fc.assert(
      fc.asyncProperty(given, async (text) => {
        const scope = tenant('acme');
        await byHand.set('agent_kill_tenant:acme', text);
        const meant = readHandText(text, 'tenant', 'disable_writes').mode;
        const [reading] = await store.read([scope]);
        expect(reading?.byHand).toBe(meant === 'none' ? null : meant);
        const [change] = await store.adopt([scope], SENTINEL);
        expect(change?.state.mode ?? 'none').toBe(meant);
        await store.clear(clearing(scope));
      }),
      { numRuns: 200 },
    );
  });

  test('bytes that are no text trip like other texts, and a text of a megabyte takes no time', async () => {
    const { store, redis, prefix, byHand } = await fresh();
    for (const bytes of [Buffer.from([0xff, 0xfe, 0]), Buffer.alloc(1 << 20, ' ')]) {
      await redis.set(`${prefix}agent_kill_tenant:acme`, bytes);
      const began = performance.now();
      expect((await store.adopt([tenant('acme')], SENTINEL))[0]?.state.mode).toBe('stop_all');
      expect(performance.now() - began).toBeLessThan(1_000);
      expect(await byHand.get('agent_kill_tenant:acme')).toBe('stop_all');
      await store.clear(clearing(tenant('acme')));
    }
  });

  test('odd members of a set are adopted once, and never looked at again', async () => {
    const { store, redis, prefix } = await fresh();
    await redis.sadd(`${prefix}agent_disabled_tools`, Buffer.from([0xff]), 'a\nb', 'ü"\\/');
    expect(await store.adopt([tool(null, 'x')], SENTINEL)).toHaveLength(3);
    expect(await store.adopt([tool(null, 'x')], SENTINEL)).toEqual([]);
    expect((await store.poll({ sinceVersion: 0, tenants: [], sessions: [] })).lost).toEqual([]);
  });

  test.each(['list', 'hash', 'zset', 'stream', 'set'] as const)('a %s under a flag stops all', async (type) => {
    const { store, redis, prefix } = await fresh();
    const key = `${prefix}agent_kill_global`;
    await {
      list: () => redis.rpush(key, 'a'),
      hash: () => redis.hset(key, 'a', 'b'),
      zset: () => redis.zadd(key, 1, 'a'),
      stream: () => redis.xadd(key, '*', 'a', 'b'),
      set: () => redis.sadd(key, 'a'),
    }[type]();
    expect((await store.read([GLOBAL]))[0]?.byHand).toBe('stop_all');
    expect((await store.adoptAll(SENTINEL))[0]?.state.mode).toBe('stop_all');
    expect(await redis.get(key)).toBe('stop_all');
  });
});

describe('damage under our own keys', () => {
  const keys = killKeys();
  const bookkeeping = [
    ...['index', 'order', 'version', 'epoch', 'outbox', 'relay', 'expiry', 'cleared', 'knownTools', 'guards'],
  ] as const;

  test.each(bookkeeping)('a wrong type under %s is moved aside and reported, and the kill stands', async (name) => {
    const harness = await fresh();
    const { store, redis, prefix, byHand } = harness;
    await store.trip(byOperator(tenant('before')));
    const key = prefix + keys[name as keyof typeof keys];
    await redis.del(key);
    await (name === 'outbox' || name === 'index' ? redis.set(key, 'garbage') : redis.rpush(key, 'garbage'));
    for (const scope of [GLOBAL, session('acme', 's'), tool(null, 'x')]) {
      expect(verdictOf(await store.trip(byOperator(scope)))).toBe('applied');
    }
    expect(await byHand.get('agent_kill_global')).toBe('disable_writes');
    expect(await modeOf(harness, session('acme', 's'))).toBe('stop_all');
    await store.acknowledgeGuard({ id: 'g', version: 1, epoch: null, in_flight: 0, at: 0 });
    expect(await store.guards()).toHaveLength(1);
    expect(verdictOf(await store.clear(clearing(GLOBAL)))).toBe('applied');
    await store.expire(await store.time(), SENTINEL);
    await store.sweep(10);
    expect(await redis.keys(`${key.replaceAll('*', '\\*')}:damaged:*`)).toHaveLength(1);
    expect(await notes(harness)).toContainEqual(
      expect.objectContaining({ type: 'sentinel.degraded', scope: 'global', subject: key, state: null }),
    );
  });

  test('without its index or order the store is not complete any more: it must be rebuilt', async () => {
    for (const name of ['agent_kill_index', 'agent_kill_order']) {
      const { store, byHand, redis, prefix } = await fresh();
      await byHand.wrongType(name);
      await store.trip(byOperator(tenant('acme')));
      expect(await redis.exists(`${prefix}agent_kill_epoch`)).toBe(0);
      expect(await store.epoch()).toBeNull();
    }
  });

  test.each(['9007199254740992', '9007199254740993', '-1', 'nan', 'inf', '1e300', 'garbage', '1.5'])(
    'a version of %s is moved aside; versions go on above those of the order',
    async (text) => {
      const harness = await fresh();
      const { store, byHand } = harness;
      const knownVersion = ((await store.time()) + MINUTE) * 1000;
      const before = applied(await store.trip(byOperator(tenant('before'), { knownVersion })));
      await byHand.set('agent_kill_version', text);
      expect((await store.poll({ sinceVersion: 0, tenants: [], sessions: [] })).version).toBe(before.version);
      expect(applied(await store.trip(byOperator(GLOBAL))).version).toBe(before.version + 1);
      expect(await notes(harness)).toContainEqual(expect.objectContaining({ type: 'sentinel.degraded' }));
    },
  );

  test('a version that is gone goes on above those of the order', async () => {
    const { store, byHand } = await fresh();
    const knownVersion = ((await store.time()) + MINUTE) * 1000;
    const before = applied(await store.trip(byOperator(tenant('before'), { knownVersion })));
    await byHand.del('agent_kill_version');
    expect(applied(await store.trip(byOperator(GLOBAL))).version).toBe(before.version + 1);
  });

  test.each([
    '',
    '[]',
    '{"mode":5}',
    '{"mode":"none"}',
    'x'.repeat(1000),
    '[['.repeat(2000),
    '{"mode":"stop_all","version":1e99}',
  ])('garbage in an index entry (%#) hides no flag and fails no kill', async (garbage) => {
    const harness = await fresh();
    const { store, redis, prefix, byHand } = harness;
    await store.trip(byOperator(tenant('acme')));
    await redis.hset(`${prefix}agent_kill_index`, 'tenant:acme', garbage);
    expect((await store.read([tenant('acme')]))[0]?.byHand).toBe('disable_writes');
    expect(verdictOf(await store.trip(byOperator(tenant('acme'), { mode: 'stop_all' })))).toBe('applied');
    expect(await byHand.get('agent_kill_tenant:acme')).toBe('stop_all');
    expect((await stateOf(harness, tenant('acme')))?.mode).toBe('stop_all');
  });

  test('a stream whose ids are used up is begun anew, and the gap shows', async () => {
    const harness = await fresh();
    const { store, redis, prefix } = harness;
    await store.trip(byOperator(tenant('a')));
    const [before] = await store.entries(null, 10);
    await redis.xadd(`${prefix}agent_kill_outbox`, '18446744073709551615-18446744073709551615', 'a', 'b');
    expect(verdictOf(await store.trip(byOperator(tenant('b'))))).toBe('applied');
    expect((await store.entries(null, 10))[0]?.previous).toBe(before?.id);
  });

  test('foreign entries in the outbox are passed over', async () => {
    const harness = await fresh();
    const { store, redis, prefix } = harness;
    for (let each = 0; each < 5; each += 1) await redis.xadd(`${prefix}agent_kill_outbox`, '*', 'note', '{');
    await store.trip(byOperator(GLOBAL));
    expect((await store.entries(null, 2)).map((entry) => entry.note.scope)).toEqual(['global']);
  });

  test('wrong types under the keys of limits, sessions and decisions fail nothing', async () => {
    const harness = await fresh();
    const { store, byHand } = harness;
    const limit = { name: 'share', max: 0, perMs: MINUTE, concerns: 'all' as const, share: { of: 0.1, atLeast: 5 } };
    const request = await byRuleNow(harness, session('acme', 's'), {}, [limit]);
    for (const key of ['limits:share', 'limits:tripped', `applied:${request.decisionId}`]) {
      await byHand.wrongType(`agent_kill_${key}`);
    }
    await byHand.wrongType('agent_active:partitions');
    await byHand.wrongType('agent_session:s');
    await byHand.wrongType('agent_kill_config');
    expect(verdictOf(await store.trip(request))).toBe('applied');
    expect(await store.config()).toBeNull();
    expect(await store.sessionParents('s')).toEqual(new Map());
    await store.registerSession('acme', 's', 'p');
    expect(await store.sessionParents('s')).toEqual(new Map([['acme', 'p']]));
    expect(await store.trippedLimits()).toEqual([]);
  });

  test('what was lost from the sets of our own is found again by adoptAll', async () => {
    const harness = await fresh();
    const { store, byHand } = harness;
    await store.trip(byOperator(tool('acme', 'x')));
    await byHand.del('agent_kill_tools:acme');
    expect(await store.adoptAll(SENTINEL)).toEqual([]);
    expect((await store.disabledTools(['acme'])).map(({ scope }) => scopeText(scope))).toEqual(['tool:acme:x']);
  });

  test('a list of tripped tenants that was lost is made good by changes, so that guards hear of what they missed', async () => {
    const harness = await fresh();
    const { store, byHand } = harness;
    const before = applied(await store.trip(byOperator(tenant('acme'))));
    for (const lose of [() => byHand.del('agent_kill_tenants'), () => byHand.wrongType('agent_kill_tenants')]) {
      await lose();
      expect(await store.trippedTenants()).toEqual([]);
      const [change] = await store.adoptAll(SENTINEL);
      expect(change).toMatchObject({
        scope: 'tenant:acme',
        state: { mode: before.mode, decision_id: before.decision_id },
      });
      expect(await store.changesSince(before.version, 10)).toEqual([change]);
      expect(await store.trippedTenants()).toEqual([
        { scope: tenant('acme'), state: change?.state, byHand: null, forgotten: false },
      ]);
      expect(await store.adoptAll(SENTINEL)).toEqual([]);
    }
    await byHand.del('agent_kill_tenants');
    await store.initialise([], SENTINEL);
    expect((await store.trippedTenants()).map(({ scope }) => scopeText(scope))).toEqual(['tenant:acme']);
  });
});

test('halves of characters in ids and reasons fail no kill', async () => {
  const harness = await fresh();
  const { store } = harness;
  expect(applied(await store.trip(byOperator(tenant('\ud800'), { reason: 'a\ud800b' }))).reason).toBe('a\ufffdb');
  expect(
    await store.reassert([{ scope: 'tenant:x', state: stateWith({ version: 1, reason: '\udc00' }) }], SENTINEL),
  ).toHaveLength(1);
});

test('a server that forgot the scripts is given them again', async () => {
  const { store, redis } = await fresh();
  await redis.script('FLUSH');
  expect(verdictOf(await store.trip(byOperator(GLOBAL)))).toBe('applied');
});
