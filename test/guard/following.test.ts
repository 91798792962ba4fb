import { expect, test } from 'vitest';
import { SentinelError } from '../../src/domain/errors.ts';
import type { ScopedState } from '../../src/domain/kill-state.ts';
import { AgreedStore } from '../../src/guard/agreed-store.ts';
import { createGuard, type GuardStore } from '../../src/guard/index.ts';
import { ToolKinds } from '../../src/guard/tool-kinds.ts';
import {
  applied,
  byOperator,
  clearing,
  GLOBAL,
  SENTINEL,
  session,
  stateWith,
  tenant,
  tool,
} from '../conformance/kill-store/harness.ts';
import { until } from '../services/poll.ts';
import { type Bed, bed, CONFIG, faulty } from './harness.ts';

const S = { tenantId: 'acme', sessionId: 's1' };
const ACME = tenant('acme');
const AWAY = new SentinelError('store_unavailable', 'The store is away.', { retryable: true });

test('a lost push is repaired by one refresh (invariant 11)', async () => {
  const { guard, store } = await bed();
  const made = await guard();
  const opened = await made.session(S);
  await store.trip(byOperator(ACME));
  expect(opened.check('db.write').allowed).toBe(true);
  await made.refresh();
  expect(opened.check('db.write')).toMatchObject({ code: 'writes_disabled', scope: 'tenant:acme' });
});

test('the poll repairs it by itself within the time between two polls', async () => {
  const { guard, store } = await bed();
  const opened = await (await guard({ cacheTtlS: 0.05 })).session(S);
  await store.trip(byOperator(ACME));
  expect(await until(() => !opened.check('db.write').allowed, 5_000)).toBe(true);
});

/** A guard that hears what a test pushes, and nothing else. */
async function pushed({ guard, store, faults }: Bed) {
  let push: (change: ScopedState | null) => void = () => {};
  const subscribe: GuardStore['subscribe'] = async (listener) => {
    push = listener;
    return async () => {};
  };
  const made = await guard({ store: { ...faulty(store, faults), subscribe } });
  return { made, push: (change: ScopedState | null) => push(change) };
}

test('a pushed kill holds at once, without a poll; a pushed restore alone lifts nothing', async () => {
  const setting = await bed();
  const { made, push } = await pushed(setting);
  const opened = await made.session(S);
  setting.faults.failing.set('poll', AWAY);
  push({ scope: 'tenant:acme', state: stateWith({ version: 5, mode: 'disable_writes' }) });
  expect(opened.check('db.write').allowed).toBe(false);
  push({ scope: 'tenant:acme', state: stateWith({ version: 6, mode: 'none' }) });
  await made.refresh();
  expect(opened.check('db.write')).toMatchObject({ code: 'writes_disabled' });
});

test('a restore is heard as a hint, read from the store, and lifts then', async () => {
  const { guard, store, faults } = await bed();
  faults.deaf = false;
  const opened = await (await guard()).session(S);
  await store.trip(byOperator(ACME));
  expect(await until(() => !opened.check('db.write').allowed, 5_000)).toBe(true);
  await store.clear(clearing(ACME));
  expect(await until(() => opened.check('db.write').allowed, 5_000)).toBe(true);
});

test('an old push that comes late is obeyed, and undone by reading the store', async () => {
  const setting = await bed();
  const { made, push } = await pushed(setting);
  const opened = await made.session(S);
  const tripped = applied(await setting.store.trip(byOperator(ACME)));
  await setting.store.clear(clearing(ACME));
  await made.refresh();
  push({ scope: 'tenant:acme', state: tripped });
  expect(opened.check('db.write').allowed).toBe(false);
  await made.refresh();
  expect(opened.check('db.write').allowed).toBe(true);
});

test('a push that no store has is given to the store', async () => {
  const setting = await bed();
  const { made, push } = await pushed(setting);
  const opened = await made.session(S);
  push({ scope: 'tenant:acme', state: stateWith({ version: Date.now() * 1_000, mode: 'stop_all' }) });
  await made.refresh();
  expect(opened.check('doc.read').allowed).toBe(false);
  expect((await setting.store.read([ACME]))[0]?.state).toMatchObject({ mode: 'stop_all' });
});

test('absence lifts nothing: flags deleted by hand stay in force and are set again (invariant 8)', async () => {
  const { guard, store, byHand } = await bed();
  const made = await guard();
  const opened = await made.session(S);
  await store.trip(byOperator(ACME, { mode: 'stop_all' }));
  await store.trip(byOperator(tool('acme', 'x')));
  await made.refresh();
  await byHand.del('agent_kill_tenant:acme');
  await byHand.srem('agent_disabled_tools:acme', 'x');
  await made.refresh();
  expect(opened.check('doc.read').allowed).toBe(false);
  expect(await byHand.get('agent_kill_tenant:acme')).toBe('stop_all');
  expect(await byHand.members('agent_disabled_tools:acme')).toEqual(['x']);
});

test('a wiped store lifts nothing, denies until it is complete, and gets back what the guard holds (invariant 8)', async () => {
  const { guard, store, wipe, byHand } = await bed();
  const made = await guard();
  const stopped = await made.session({ ...S, sessionId: 'stopped', parentSessionId: 'p' });
  const free = await made.session({ tenantId: 'other', sessionId: 's' });
  await store.trip(byOperator(session('acme', 'stopped')));
  await store.trip(byOperator(tool(null, 'email.*')));
  await made.refresh();
  await wipe();
  await made.refresh();
  expect(stopped.check('doc.read').allowed).toBe(false);
  expect(free.check('email.send')).toMatchObject({ code: 'tool_disabled' });
  expect(free.check('db.write')).toMatchObject({ code: 'store_uninitialised', retryable: true });
  expect(free.checkModel()).toMatchObject({ code: 'store_uninitialised' });
  expect(made.admit({ tenantId: 'other' })).toMatchObject({ code: 'store_uninitialised' });
  expect(free.check('doc.read').allowed).toBe(true);
  await store.initialise([], SENTINEL);
  await made.refresh();
  expect(free.check('db.write').allowed).toBe(true);
  expect(stopped.check('doc.read').allowed).toBe(false);
  expect(await byHand.get('agent_kill_session:acme:stopped')).toBe('stop_all');
  expect(await byHand.members('agent_disabled_tools')).toEqual(['email.*']);
  expect(await store.sessionParents('stopped')).toEqual(new Map([['acme', 'p']]));
});

test('a store that was wiped and restored between two refreshes is noticed by its epoch', async () => {
  const { guard, store, wipe } = await bed();
  const made = await guard();
  const opened = await made.session(S);
  await store.trip(byOperator(ACME, { mode: 'stop_all' }));
  await made.refresh();
  await wipe();
  await store.initialise([], SENTINEL);
  await store.trip(byOperator(tenant('unrelated')));
  await made.refresh();
  expect(opened.check('doc.read').allowed).toBe(false);
  expect((await store.read([ACME]))[0]?.state?.mode).toBe('stop_all');
});

test('what a rebuilt store knows to be cleared since then is lifted, not re-asserted', async () => {
  const { guard, store, wipe } = await bed();
  const made = await guard();
  const opened = await made.session(S);
  const tripped = applied(await store.trip(byOperator(ACME, { mode: 'stop_all' })));
  await made.refresh();
  await wipe();
  const state = stateWith({ version: tripped.version + 1, mode: 'none' });
  await store.initialise([{ scope: 'tenant:acme', state }], SENTINEL);
  await made.refresh();
  expect(opened.check('doc.read').allowed).toBe(true);
});

test('a replica that took over without the newest kill gets it back (invariant 8)', async () => {
  const { guard, store, faults } = await bed();
  const epoch = await store.epoch();
  const old = await bed();
  let isOld = false;
  const [now, then] = [faulty(store, faults), faulty(old.store, old.faults)];
  const made = await guard({
    store: {
      ...now,
      poll: async (request) => (isOld ? { ...(await then.poll(request)), epoch, version: 1 } : now.poll(request)),
      read: (scopes) => (isOld ? then : now).read(scopes),
      disabledTools: (tenants) => (isOld ? then : now).disabledTools(tenants),
      trippedTenants: () => (isOld ? then : now).trippedTenants(),
      reassert: (states, actor) => (isOld ? then : now).reassert(states, actor),
    },
  });
  const opened = await made.session(S);
  await store.trip(byOperator(ACME, { mode: 'stop_all' }));
  await made.refresh();
  isOld = true;
  await made.refresh();
  expect(opened.check('doc.read').allowed).toBe(false);
  expect((await old.store.read([ACME]))[0]?.state?.mode).toBe('stop_all');
});

test('a guard that starts on an incomplete store denies (invariant 8)', async () => {
  const { guard } = await bed('bare');
  const made = await guard();
  const opened = await made.session(S);
  expect(opened.check('db.write')).toMatchObject({ code: 'store_uninitialised' });
  expect(opened.check('x', { kind: 'read' }).allowed).toBe(true);
});

test('a guard that never loaded denies writes, model calls and new runs, and reads pass', async () => {
  const { guard, faults } = await bed();
  faults.down = AWAY;
  const made = await guard();
  const opened = await made.session(S);
  for (const verdict of [opened.check('db.write'), opened.checkModel(), made.admit(S)]) {
    expect(verdict).toMatchObject({ code: 'state_unknown', retryable: true, scope: null });
  }
  expect(opened.check('x', { kind: 'read' }).allowed).toBe(true);
  faults.down = null;
  await made.refresh();
  for (const verdict of [opened.check('db.write'), opened.checkModel(), made.admit(S)]) {
    expect(verdict).toEqual({ allowed: true });
  }
});

test('before the daemon’s lists are known a read is what its caller declares; all other tools are unlisted, and so writes', async () => {
  const { guard, faults } = await bed();
  faults.down = AWAY;
  const made = await guard();
  const opened = await made.session(S);
  expect(opened.check('doc.read')).toMatchObject({ code: 'state_unknown' });
  expect(opened.check('doc.read', { kind: 'read' }).allowed).toBe(true);
  faults.down = null;
  await made.refresh();
  expect(opened.check('doc.read').allowed).toBe(true);
});

test('who limits the age of reads has them denied too while nothing was ever loaded', async () => {
  const { guard, faults } = await bed();
  faults.down = AWAY;
  const opened = await (await guard({ readStalenessMs: 60_000 })).session(S);
  expect(opened.check('doc.read', { kind: 'read' })).toMatchObject({ code: 'state_unknown' });
});

test('a session that was opened while the store was away is loaded with the next refresh, kills and all', async () => {
  const { guard, store, faults, clock } = await bed();
  const made = await guard();
  await store.trip(byOperator(session('acme', 's1')));
  faults.down = AWAY;
  clock.advance(1_000);
  const opened = await made.session(S);
  expect(opened.check('db.write')).toMatchObject({ code: 'state_unknown' });
  faults.down = null;
  await made.refresh();
  expect(opened.check('doc.read')).toMatchObject({ code: 'session_terminated' });
});

test('state that gets too old denies writes, model calls and new runs; kills stay and reads go on (invariant 11)', async () => {
  const { guard, store, clock, faults } = await bed();
  const made = await guard();
  const opened = await made.session(S);
  await store.trip(byOperator(session('acme', 'killed')));
  const killed = await made.session({ ...S, sessionId: 'killed' });
  faults.down = AWAY;
  clock.advance(14_999);
  await made.refresh();
  expect(opened.check('db.write').allowed).toBe(true);
  clock.advance(1);
  for (const verdict of [opened.check('db.write'), opened.checkModel(), made.admit(S)]) {
    expect(verdict).toMatchObject({ code: 'state_stale', retryable: true });
  }
  expect(made.state.fresh).toBe(false);
  expect(opened.check('doc.read').allowed).toBe(true);
  expect(killed.check('doc.read')).toMatchObject({ code: 'session_terminated' });
  faults.down = null;
  await made.refresh();
  expect(opened.check('db.write').allowed).toBe(true);
});

test('reads have a limit of their own where one is set', async () => {
  const { guard, clock } = await bed();
  const opened = await (await guard({ readStalenessMs: 60_000 })).session(S);
  clock.advance(59_999);
  expect(opened.check('doc.read').allowed).toBe(true);
  clock.advance(1);
  expect(opened.check('doc.read')).toMatchObject({ code: 'state_stale' });
});

test('a clock that goes back does not make old state fresh', async () => {
  const { guard, clock } = await bed();
  const opened = await (await guard()).session(S);
  clock.advance(-1);
  expect(opened.check('db.write')).toMatchObject({ code: 'state_stale' });
});

test('fresh means that the guard’s own acknowledgement was written', async () => {
  const { guard, clock, faults } = await bed();
  const made = await guard();
  const opened = await made.session(S);
  faults.failing.set('acknowledgeGuard', AWAY);
  clock.advance(15_000);
  await made.refresh();
  expect(opened.check('db.write')).toMatchObject({ code: 'state_stale' });
});

test('what it acknowledges is what it enforces', async () => {
  const { guard, store } = await bed();
  const made = await guard({ id: 'g1' });
  const { version } = applied(await store.trip(byOperator(ACME)));
  await made.refresh();
  expect(await store.guards()).toEqual([
    { id: 'g1', version, epoch: await store.epoch(), in_flight: 0, at: expect.any(Number) },
  ]);
  await made.close();
  expect(await store.guards()).toEqual([]);
});

test('what was set by hand is obeyed at the next refresh, and adopted', async () => {
  const { guard, store, byHand } = await bed();
  const made = await guard();
  const opened = await made.session(S);
  await byHand.set('agent_kill_tenant:acme', '1');
  await byHand.sadd('agent_disabled_tools', 'doc.read');
  await made.refresh();
  expect(opened.check('db.write')).toMatchObject({
    code: 'writes_disabled',
    decisionId: expect.stringMatching(/^hand:/),
  });
  expect(opened.check('doc.read')).toMatchObject({ code: 'tool_disabled' });
  expect((await store.read([ACME]))[0]).toMatchObject({ byHand: null, state: { mode: 'disable_writes' } });
  await byHand.set('agent_kill_tenant:acme', '0');
  await made.refresh();
  expect(opened.check('db.write').allowed).toBe(true);
});

test('what was set by hand is obeyed even where nobody can adopt it, and outlives its flag', async () => {
  const { guard, byHand, faults, store } = await bed();
  const made = await guard();
  const opened = await made.session(S);
  faults.failing.set('adopt', AWAY);
  await byHand.set('agent_kill_global', 'stop_all');
  await made.refresh();
  expect(opened.check('doc.read')).toMatchObject({ code: 'stop_all', scope: 'global' });
  await byHand.del('agent_kill_global');
  faults.failing.clear();
  await made.refresh();
  expect(opened.check('doc.read')).toMatchObject({ code: 'stop_all' });
  expect((await store.read([GLOBAL]))[0]?.state).toMatchObject({ mode: 'stop_all' });
});

test('changes beyond one answer of the store are all taken in', async () => {
  const { guard, store } = await bed();
  const made = await guard();
  const opened = await Promise.all(['a', 'b'].map((id) => made.session({ tenantId: 'acme', sessionId: id })));
  await store.trip(byOperator(session('acme', 'a')));
  for (let each = 0; each < 1_050; each += 1) await store.trip(byOperator(session('foreign', `s${each}`)));
  await store.trip(byOperator(session('acme', 'b')));
  await made.refresh();
  expect(opened.map((each) => each.check('doc.read').allowed)).toEqual([false, false]);
});

test('the store is opened anew under the names that the daemon publishes, and pushes come from there', async () => {
  const { store, faults } = await bed();
  const opened: string[] = [];
  const subscribed: string[] = [];
  const open = async ({ names }: { names: { global_flag: string } }) => {
    opened.push(names.global_flag);
    const subscribe = async () => {
      subscribed.push(names.global_flag);
      return async () => void subscribed.pop();
    };
    return { ...faulty(store, faults), subscribe };
  };
  const agreed = await AgreedStore.open(
    open,
    { names: CONFIG.names, modeWhenEnabled: 'disable_writes' },
    new ToolKinds(),
  );
  await agreed.subscribe(() => {});
  await agreed.agree();
  expect(opened).toEqual(['agent_kill_global']);
  await store.publishConfig({ ...CONFIG, names: { ...CONFIG.names, global_flag: 'halt' } });
  await agreed.agree();
  await agreed.agree();
  expect(opened).toEqual(['agent_kill_global', 'halt']);
  expect(agreed.config?.names.global_flag).toBe('halt');
  expect(subscribed).toHaveLength(1);
});

test('wrong options are said at once', async () => {
  await expect(createGuard({})).rejects.toMatchObject({ code: 'usage' });
  await expect(createGuard({ embedded: 'a', redis: 'redis://x' })).rejects.toMatchObject({ code: 'usage' });
  await expect(createGuard({ redis: 'http://x' })).rejects.toMatchObject({ code: 'config_invalid' });
  await expect(createGuard({ embedded: 'a', maxStalenessMs: 0 })).rejects.toThrow('maxStalenessMs');
  await expect(createGuard({ embedded: 'a', id: '' })).rejects.toThrow('id must be');
});
