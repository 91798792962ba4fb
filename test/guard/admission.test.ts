import { expect, test } from 'vitest';
import { SentinelError } from '../../src/domain/errors.ts';
import type { ScopedState } from '../../src/domain/kill-state.ts';
import type { GuardStore } from '../../src/guard/index.ts';
import type { PollRequest } from '../../src/ports/kill-store.ts';
import { applied, byOperator, clearing, SENTINEL, stateWith, tenant, tool } from '../conformance/kill-store/harness.ts';
import { type Bed, bed, faulty } from './harness.ts';

const ACME = { tenantId: 'acme' };
const STOPPED = { code: 'new_runs_stopped', scope: 'tenant:acme' };
const AWAY = new SentinelError('store_unavailable', 'The store is away.', { retryable: true });

/** An operator's stop of new runs. */
const stop = (id: string) => byOperator(tenant(id), { mode: 'stop_new_runs' });

test('a verdict comes at once and asks no store: tenants that were tripped before the guard began are known', async () => {
  const { guard, store, faults } = await bed();
  const ids = ['acme', 'a:b', 'a%3Ab', '100%'];
  for (const id of ids) await store.trip(stop(id));
  await store.trip(stop('restored'));
  await store.clear(clearing(tenant('restored')));
  const made = await guard();
  faults.down = AWAY;
  for (const tenantId of ids) {
    expect(made.admit({ tenantId })).toMatchObject({ code: 'new_runs_stopped', scope: `tenant:${tenantId}` });
  }
  expect(made.admit({ tenantId: 'restored' })).toEqual({ allowed: true });
  expect(made.admit({ tenantId: 'never seen' })).toEqual({ allowed: true });
});

test('tenants that are tripped and restored while nothing of them is open are followed by refreshes', async () => {
  const { guard, store } = await bed();
  const made = await guard();
  await store.trip(stop('acme'));
  await made.refresh();
  expect(made.admit(ACME)).toMatchObject(STOPPED);
  await store.clear(clearing(tenant('acme')));
  await made.refresh();
  expect(made.admit(ACME)).toEqual({ allowed: true });
});

test('a pushed trip holds at once, also without an open session; a pushed restore lifts only when it is read', async () => {
  const { guard, store, faults } = await bed();
  let push: (change: ScopedState) => void = () => {};
  const subscribe: GuardStore['subscribe'] = async (listener) => {
    push = listener;
    return async () => {};
  };
  const made = await guard({ store: { ...faulty(store, faults), subscribe } });
  faults.failing.set('poll', AWAY);
  const tripped = applied(await store.trip(stop('acme')));
  push({ scope: 'tenant:acme', state: tripped });
  expect(made.admit(ACME)).toMatchObject(STOPPED);
  const cleared = applied(await store.clear(clearing(tenant('acme'))));
  push({ scope: 'tenant:acme', state: cleared });
  await made.refresh();
  expect(made.admit(ACME)).toMatchObject(STOPPED);
  faults.failing.clear();
  await made.refresh();
  expect(made.admit(ACME)).toEqual({ allowed: true });
  push({ scope: 'tenant:acme', state: tripped });
  expect(made.admit(ACME)).toMatchObject(STOPPED);
  await made.refresh();
  expect(made.admit(ACME)).toEqual({ allowed: true });
});

test('the end of its last session lifts no tenant', async () => {
  const { guard, store } = await bed();
  const made = await guard();
  const opened = await made.session({ ...ACME, sessionId: 's' });
  await store.trip(stop('acme'));
  await made.refresh();
  await opened.end();
  expect(made.admit(ACME)).toMatchObject(STOPPED);
  await store.clear(clearing(tenant('acme')));
  await made.refresh();
  expect(made.admit(ACME)).toEqual({ allowed: true });
});

test('a session of a tenant that was held as tripped, or only asked for, knows the tenant’s disabled tools', async () => {
  const { guard, store } = await bed();
  await store.trip(stop('acme'));
  await store.trip(byOperator(tool('acme', 'doc.*')));
  await store.trip(byOperator(tool('other', 'doc.*')));
  const made = await guard();
  made.admit({ tenantId: 'other' });
  for (const tenantId of ['acme', 'other']) {
    const opened = await made.session({ tenantId, sessionId: 's' });
    expect(opened.check('doc.read')).toMatchObject({ code: 'tool_disabled' });
    expect(opened.check('db.write')).toEqual({ allowed: true });
  }
});

test('a wiped store lifts no tenant, and gets it back; what another store has tripped is loaded (invariant 8)', async () => {
  const { guard, store, wipe } = await bed();
  await store.trip(stop('acme'));
  const made = await guard();
  await wipe();
  await made.refresh();
  expect(made.admit(ACME)).toMatchObject(STOPPED);
  expect(made.admit({ tenantId: 'other' })).toMatchObject({ code: 'store_uninitialised' });
  const other = { scope: 'tenant:other', state: stateWith({ version: 1, mode: 'stop_new_runs' }) };
  await store.initialise([other], SENTINEL);
  await made.refresh();
  expect(made.admit(ACME)).toMatchObject(STOPPED);
  expect((await store.read([tenant('acme')]))[0]?.state).toMatchObject({ mode: 'stop_new_runs' });
  expect(made.admit({ tenantId: 'other' })).toMatchObject({ code: 'new_runs_stopped' });
  expect(made.admit({ tenantId: 'third' })).toEqual({ allowed: true });
});

test('without the list of tripped tenants nothing was loaded: no new run', async () => {
  const { guard, faults } = await bed();
  faults.failing.set('trippedTenants', AWAY);
  const made = await guard();
  expect(made.admit(ACME)).toMatchObject({ code: 'state_unknown', retryable: true });
  faults.failing.clear();
  await made.refresh();
  expect(made.admit(ACME)).toEqual({ allowed: true });
});

test('a flag set by hand is obeyed by the next refresh once its tenant was asked for, else once it is adopted', async () => {
  const { guard, store, byHand } = await bed();
  const made = await guard();
  expect(made.admit(ACME)).toEqual({ allowed: true });
  for (const id of ['acme', 'other']) await byHand.set(`agent_kill_tenant:${id}`, 'stop_new_runs');
  await made.refresh();
  expect(made.admit(ACME)).toMatchObject(STOPPED);
  expect(made.admit({ tenantId: 'other' })).toEqual({ allowed: true });
  await store.adoptAll(SENTINEL);
  await made.refresh();
  expect(made.admit({ tenantId: 'other' })).toMatchObject({ code: 'new_runs_stopped' });
  await byHand.set('agent_kill_tenant:acme', '0');
  await made.refresh();
  expect(made.admit(ACME)).toEqual({ allowed: true });
});

/** A guard, and the tenants that its newest poll asked for. */
async function polled({ guard, store, faults }: Bed) {
  let asked: PollRequest['tenants'] = [];
  const through = faulty(store, faults);
  const poll: GuardStore['poll'] = (request) => {
    asked = request.tenants;
    return through.poll(request);
  };
  return { made: await guard({ store: { ...through, poll } }), asked: () => asked };
}

test('polls ask for tenants that were asked for here, the 10,000 newest, not for what is tripped', async () => {
  const setting = await bed();
  for (const id of ['acme', 'x', 'y']) await setting.store.trip(stop(id));
  const { made, asked } = await polled(setting);
  await made.refresh();
  expect(asked()).toEqual([]);
  made.admit(ACME);
  await made.refresh();
  expect(asked()).toEqual(['acme']);
  made.admit({ tenantId: 't0' });
  made.admit(ACME);
  for (let each = 1; each < 10_000; each += 1) made.admit({ tenantId: `t${each}` });
  await made.refresh();
  expect(asked()).toHaveLength(10_000);
  expect(asked()).toContain('acme');
  expect(asked()).not.toContain('t0');
  made.admit({ tenantId: 'one more' });
  await made.refresh();
  expect(asked()).not.toContain('acme');
  expect(made.admit(ACME)).toMatchObject(STOPPED);
});
