import { expect, test } from 'vitest';
import { byOperator, clearing, GLOBAL, session, tenant, tool } from '../conformance/kill-store/harness.ts';
import { bed } from './harness.ts';

const S = { tenantId: 'acme', sessionId: 's1' };

test('nothing stopped: reads, writes and model calls pass', async () => {
  const { guard } = await bed();
  const opened = await (await guard()).session(S);
  expect(opened.check('doc.read')).toEqual({ allowed: true });
  expect(opened.check('email.send')).toEqual({ allowed: true });
  expect(opened.checkModel()).toEqual({ allowed: true });
});

test('a kill that was not pushed is obeyed after one refresh, a restore too', async () => {
  const { guard, store } = await bed();
  const made = await guard();
  const opened = await made.session(S);
  await store.trip(byOperator(session('acme', 's1'), { reason: 'Auto-kill: too much' }));
  expect(opened.check('doc.read').allowed).toBe(true);
  await made.refresh();
  expect(opened.check('doc.read')).toMatchObject({
    ...{ allowed: false, code: 'session_terminated', reason: 'Session terminated: Auto-kill: too much' },
    ...{ scope: 'session:acme:s1', retryable: false },
  });
  await store.clear(clearing(session('acme', 's1')));
  await made.refresh();
  expect(opened.check('doc.read').allowed).toBe(true);
});

test('each switch denies its own', async () => {
  const { guard, store } = await bed();
  const made = await guard();
  const opened = await made.session(S);
  await store.trip(byOperator(tenant('acme')));
  await store.trip(byOperator(tool(null, 'doc.*')));
  await made.refresh();
  expect(opened.check('email.send')).toMatchObject({ reason: 'killed: writes_disabled:email.send' });
  expect(opened.check('doc.read')).toMatchObject({ reason: 'killed: tool_disabled:doc.read' });
  await store.trip(byOperator(GLOBAL, { mode: 'stop_all' }));
  await made.refresh();
  expect(opened.check('doc.read')).toMatchObject({ reason: 'killed: stop_all', scope: 'global' });
});
