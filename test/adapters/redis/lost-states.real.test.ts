/** Entries that vanish from the index, or cannot be read, in a store that is complete otherwise. */
import { afterEach, describe, expect, test } from 'vitest';
import type { KillState } from '../../../src/domain/kill-state.ts';
import { type Scope, scopeText } from '../../../src/domain/scope.ts';
import { flagKey, killKeys } from '../../../src/killswitch/keys.ts';
import {
  ANNA,
  applied,
  byOperator,
  byRuleNow,
  clearing,
  DAY,
  GLOBAL,
  HOUR,
  MINUTE,
  modeOf,
  notes,
  SENTINEL,
  session,
  stateOf,
  tenant,
  tool,
  verdictOf,
} from '../../conformance/kill-store/harness.ts';
import { redisUrl } from '../../services/context.ts';
import { type RedisHarness, redisHarness } from './harness.ts';

const open: RedisHarness[] = [];
afterEach(async () => {
  for (const harness of open.splice(0)) await harness.close();
});

const ACME = tenant('acme');
const KEYS = killKeys();

/** How an entry is lost, its flag with it where that is said. */
const LOSSES = {
  'is gone': async ({ redis, prefix }: RedisHarness, scope: Scope) =>
    void (await redis.hdel(`${prefix}agent_kill_index`, scopeText(scope))),
  'is garbage': damagedTo('{garbage'),
  'has no version': damagedTo('{"mode":"stop_all"}'),
  'has a version that is none': damagedTo('{"mode":"stop_all","reason":"","version":"x","in_flight":null}'),
  'has a mode that is none': damagedTo('{"mode":"nonsense","reason":"","version":5,"in_flight":null}'),
  'looks like one and is no JSON': damagedTo('{"mode":"none","reason":"",,"version":5,"in_flight":null}'),
  'went with the whole index': async ({ redis, prefix }: RedisHarness) =>
    void (await redis.del(`${prefix}agent_kill_index`)),
} as const;
const ALL = Object.entries(LOSSES);

function damagedTo(json: string) {
  return async ({ redis, prefix }: RedisHarness, scope: Scope): Promise<void> =>
    void (await redis.hset(`${prefix}agent_kill_index`, scopeText(scope), json));
}

async function fresh(): Promise<RedisHarness> {
  const harness = await redisHarness(redisUrl());
  open.push(harness);
  await harness.store.initialise([], SENTINEL);
  return harness;
}

/** A switch of which state and flag are lost. */
async function lost(
  harness: RedisHarness,
  scope: Scope,
  lose: (typeof ALL)[number][1],
  keepFlag = false,
): Promise<KillState> {
  const request = byOperator(scope, { ttlMs: HOUR, ...(scope.kind === 'tool' ? {} : { mode: 'stop_new_runs' }) });
  const state = applied(await harness.store.trip(request));
  await lose(harness, scope);
  if (!keepFlag) await harness.byHand.del(flagKey(KEYS, scope));
  return state;
}

const byHandOf = async ({ store }: RedisHarness, scope: Scope) => (await store.read([scope]))[0]?.byHand;

describe.each(ALL)('a state that %s', (_, lose) => {
  test.each([GLOBAL, ACME, session('acme', 's'), tool('acme', 'x')])(
    'denies everything until it is known: %o',
    async (scope) => {
      const harness = await fresh();
      await lost(harness, scope, lose);
      const mode = scope.kind === 'tool' ? 'disabled' : 'stop_all';
      expect(await byHandOf(harness, scope)).toBe(mode);
      const asked = { tenants: ['acme'], sessions: [{ tenant: 'acme', session: 's' }] };
      expect((await harness.store.poll({ sinceVersion: 0, ...asked })).forgotten).toContainEqual({ scope, mode });
    },
  );

  test.each([ACME, session('acme', 's'), tool(null, 'x')])(
    'is put back as it was, later than it was: %o',
    async (scope) => {
      const harness = await fresh();
      const known = await lost(harness, scope, lose);
      const [change] = await harness.store.reassert([{ scope: scopeText(scope), state: known }], SENTINEL);
      const { version, at, actor } = change!.state;
      expect(version).toBeGreaterThan(known.version);
      expect(change!.state).toEqual({ ...known, version, at, actor });
      expect(actor).toEqual(SENTINEL);
      expect((await notes(harness)).at(-1)).toMatchObject({ type: 'switch.reasserted', subject: known.decision_id });
      expect(await harness.store.forgotten([scopeText(scope)])).toEqual([]);
      expect(await byHandOf(harness, scope)).toBeNull();
      harness.advance(HOUR);
      const now = await harness.store.time();
      expect((await harness.store.expire(now, SENTINEL)).map((each) => each.scope)).toEqual([scopeText(scope)]);
    },
  );

  test('is put back only by who knows that very one: an older one may have been lifted', async () => {
    const harness = await fresh();
    const older = applied(await harness.store.trip(byOperator(ACME)));
    await harness.store.clear(clearing(ACME));
    await lose(harness, ACME);
    expect(await harness.store.reassert([{ scope: 'tenant:acme', state: older }], ANNA)).toEqual([]);
    expect(await stateOf(harness, ACME)).toBeNull();
  });

  test('is not guessed from a flag that outlived it, whoever looks', async () => {
    const harness = await fresh();
    const known = await lost(harness, ACME, lose, true);
    expect(await byHandOf(harness, ACME)).toBe('stop_new_runs');
    await harness.store.adopt([ACME], ANNA);
    await harness.store.adoptAll(SENTINEL);
    await harness.store.expire(await harness.store.time(), SENTINEL);
    expect(await harness.store.forgotten(['tenant:acme'])).toEqual(['tenant:acme']);
    await harness.store.reassert([{ scope: 'tenant:acme', state: known }], SENTINEL);
    expect(await stateOf(harness, ACME)).toMatchObject({ reason: known.reason, expires_at: known.expires_at });
  });

  test('what was set by hand meanwhile comes after it', async () => {
    const harness = await fresh();
    const known = await lost(harness, ACME, lose);
    await harness.byHand.set('agent_kill_tenant:acme', '0');
    await harness.store.reassert([{ scope: 'tenant:acme', state: known }], SENTINEL);
    expect(await modeOf(harness, ACME)).toBe('none');
    expect((await notes(harness)).slice(-2).map(({ type }) => type)).toEqual(['switch.reasserted', 'switch.cleared']);
  });

  test('keeps automation off, and obeys operators', async () => {
    const harness = await fresh();
    await lost(harness, ACME, lose);
    expect(verdictOf(await harness.store.trip(await byRuleNow(harness, ACME)))).toBe('state_lost');
    expect(verdictOf(await harness.store.trip(byOperator(ACME)))).toBe('applied');
    const known = await lost(harness, session('acme', 's'), lose);
    expect(verdictOf(await harness.store.clear(clearing(session('acme', 's'))))).toBe('applied');
    expect(await byHandOf(harness, session('acme', 's'))).toBeNull();
    expect(await harness.store.reassert([{ scope: 'session:acme:s', state: known }], SENTINEL)).toEqual([]);
  });

  test('stays lost for requests that come again: they change nothing', async () => {
    const harness = await fresh();
    const restore = clearing(ACME);
    await harness.store.trip(byOperator(ACME));
    await harness.store.clear(restore);
    const kill = byOperator(ACME, { mode: 'stop_all' });
    await harness.store.trip(kill);
    await lose(harness, ACME);
    await harness.byHand.del(flagKey(KEYS, ACME));
    expect(await harness.store.clear(restore)).toEqual({ status: 'repeated', state: null });
    expect(await byHandOf(harness, ACME)).toBe('stop_all');
    expect(await harness.store.trip(kill)).toEqual({ status: 'repeated', state: null });
    expect(await byHandOf(harness, ACME)).toBe('stop_all');
  });

  test('and an expiry that was set by hand meanwhile: the switch ends with it', async () => {
    const harness = await fresh();
    const known = applied(await harness.store.trip(byOperator(ACME)));
    await lose(harness, ACME);
    await harness.byHand.set(flagKey(KEYS, ACME), known.mode, { px: HOUR });
    await harness.store.reassert([{ scope: 'tenant:acme', state: known }], SENTINEL);
    const { expires_at } = (await stateOf(harness, ACME))!;
    expect(Math.abs(expires_at! - (await harness.store.time()) - HOUR)).toBeLessThan(MINUTE);
  });

  test('and something else than a text, by hand, meanwhile: it stops everything', async () => {
    const harness = await fresh();
    const known = await lost(harness, ACME, lose);
    await harness.byHand.wrongType(flagKey(KEYS, ACME));
    await harness.store.reassert([{ scope: 'tenant:acme', state: known }], SENTINEL);
    expect(await modeOf(harness, ACME)).toBe('stop_all');
  });

  test.each([ACME, tool('acme', 'x')])('is told to who loads what is tripped: %o', async (scope) => {
    const harness = await fresh();
    await lost(harness, scope, lose);
    const told = scope.kind === 'tool' ? harness.store.disabledTools(['acme']) : harness.store.trippedTenants();
    const mode = scope.kind === 'tool' ? 'disabled' : 'stop_all';
    expect(await told).toEqual([{ scope, state: null, byHand: mode, forgotten: true }]);
  });

  test('is taken from the outbox by a rebuild, where the topic does not have it yet', async () => {
    const harness = await fresh();
    const known = await lost(harness, ACME, lose);
    await harness.store.initialise([], SENTINEL);
    expect(await stateOf(harness, ACME)).toEqual(known);
    expect(await harness.byHand.get(flagKey(KEYS, ACME))).toBe(known.mode);
  });

  test('that nobody remembers is waited for no longer once the store was rebuilt', async () => {
    const harness = await fresh();
    await lost(harness, ACME, lose);
    await published(harness);
    await harness.store.initialise([], SENTINEL);
    expect(await byHandOf(harness, ACME)).toBeNull();
  });

  test.each([ACME, tool('acme', 'x')])(
    'and whose flag outlived it is adopted then, as set by hand: %o',
    async (scope) => {
      const harness = await fresh();
      await lost(harness, scope, lose, true);
      await published(harness);
      await harness.store.initialise([], SENTINEL);
      expect(await stateOf(harness, scope)).toMatchObject({ reason: 'Set by hand' });
    },
  );

  test('of a tool is told though others are disabled beside it', async () => {
    const harness = await fresh();
    await harness.store.trip(byOperator(tool('acme', 'y')));
    await lost(harness, tool('acme', 'x'), LOSSES['is gone']);
    await harness.redis.srem(`${harness.prefix}agent_disabled_tools:acme`, 'x');
    expect((await harness.store.read([tool('acme', 'x')]))[0]).toMatchObject({ byHand: 'disabled', forgotten: true });
  });
});

/** Everything that waited has reached the topic. */
async function published({ store }: RedisHarness): Promise<void> {
  expect(await store.lease('relay', 10_000)).toBe(true);
  for (const { id } of await store.entries(null, 100)) await store.acknowledge('relay', id);
}

test('a field of somebody else in the index hides no loss', async () => {
  const harness = await fresh();
  await harness.redis.hset(`${harness.prefix}agent_kill_index`, 'note', 'of somebody else');
  await lost(harness, ACME, LOSSES['is gone']);
  expect(await byHandOf(harness, ACME)).toBe('stop_all');
});

test('what was swept was not lost', async () => {
  const harness = await fresh();
  await harness.store.trip(byOperator(ACME));
  await harness.store.clear(clearing(ACME));
  await harness.store.trip(byOperator(tenant('stays')));
  harness.advance(8 * DAY);
  expect(await harness.store.sweep(10)).toEqual(['tenant:acme']);
  expect(await byHandOf(harness, ACME)).toBeNull();
});
