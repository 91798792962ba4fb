import { describe, expect, test } from 'vitest';
import { CallBlocked, isSentinelError } from '../../src/guard/index.ts';
import { byOperator, clearing, GLOBAL, session, tenant, tool } from '../conformance/kill-store/harness.ts';
import { until } from '../services/poll.ts';
import { bed, faulty } from './harness.ts';

const S = { tenantId: 'acme', sessionId: 's1' };

describe('the kind of a tool', () => {
  test('is the stricter of the published lists and what the caller says; unlisted tools write', async () => {
    const { guard, store } = await bed();
    await store.trip(byOperator(tenant('acme')));
    const opened = await (await guard()).session(S);
    const allowed = (name: string, kind?: 'read' | 'write') =>
      opened.check(name, kind === undefined ? undefined : { kind }).allowed;
    expect([allowed('doc.read'), allowed('email.send'), allowed('unlisted')]).toEqual([true, false, false]);
    expect([allowed('unlisted', 'read'), allowed('email.send', 'read'), allowed('doc.read', 'write')]).toEqual([
      ...[true, false, false],
    ]);
  });

  test('follows the lists when they are published anew', async () => {
    const { guard, store } = await bed('bare');
    await store.initialise([], { kind: 'sentinel', id: 's' });
    await store.trip(byOperator(tenant('acme')));
    const made = await guard();
    const opened = await made.session(S);
    expect(opened.check('doc.read').allowed).toBe(false);
    const { CONFIG } = await import('./harness.ts');
    await store.publishConfig(CONFIG);
    await made.refresh();
    expect(opened.check('doc.read').allowed).toBe(true);
  });
});

describe('ancestors', () => {
  test('a kill of any of them holds for the session, through guards', async () => {
    const { guard, store } = await bed();
    const made = await guard();
    const other = await guard();
    await other.session({ ...S, sessionId: 'grandparent' });
    await other.session({ ...S, sessionId: 'parent', parentSessionId: 'grandparent' });
    const child = await made.session({ ...S, sessionId: 'child', parentSessionId: 'parent' });
    await store.trip(byOperator(session('acme', 'grandparent'), { reason: 'why' }));
    await made.refresh();
    expect(child.check('doc.read')).toMatchObject({
      ...{ code: 'session_terminated', reason: 'Session terminated: why', scope: 'session:acme:grandparent' },
    });
    await store.clear(clearing(session('acme', 'grandparent')));
    await made.refresh();
    expect(child.check('doc.read').allowed).toBe(true);
  });

  test('one that is killed while its descendant is open stops it with the very next check, by handle and by ids', async () => {
    const { guard, store, faults } = await bed();
    faults.deaf = false;
    const made = await guard();
    const grandparent = await made.session({ ...S, sessionId: 'grandparent' });
    await made.session({ ...S, sessionId: 'parent', parentSessionId: 'grandparent' });
    const child = await made.session({ ...S, parentSessionId: 'parent' });
    // That it ended here, or was never open here, is no way out.
    await grandparent.end();
    const asked = () => [child.check('doc.read').allowed, made.check({ ...S, tool: 'doc.read' }).allowed];
    expect(asked()).toEqual([true, true]);
    await store.trip(byOperator(session('acme', 'grandparent')));
    expect(await until(() => !child.check('doc.read').allowed, 5_000)).toBe(true);
    expect(asked()).toEqual([false, false]);
  });

  test('are those of the same tenant only', async () => {
    const { guard, store } = await bed();
    const made = await guard();
    await store.trip(byOperator(session('other', 'parent')));
    const child = await made.session({ ...S, parentSessionId: 'parent' });
    expect(child.check('db.write').allowed).toBe(true);
  });

  test('a parent that another guard registered counts without being named', async () => {
    const { guard, store } = await bed();
    await store.registerSession('acme', 's1', 'parent');
    await store.trip(byOperator(session('acme', 'parent')));
    const child = await (await guard()).session(S);
    expect(child.check('doc.read').allowed).toBe(false);
  });

  test('sixteen are resolved, seventeen or a circle deny everything', async () => {
    const { guard, store } = await bed();
    const made = await guard();
    for (let each = 1; each < 20; each += 1) await store.registerSession('acme', `p${each}`, `p${each - 1}`);
    const sixteen = await made.session({ ...S, sessionId: 'sixteen', parentSessionId: 'p15' });
    const seventeen = await made.session({ ...S, sessionId: 'seventeen', parentSessionId: 'p16' });
    expect(sixteen.check('db.write').allowed).toBe(true);
    expect(seventeen.check('doc.read')).toMatchObject({ code: 'ancestor_unresolved', retryable: false });
    await store.registerSession('acme', 'a', 'b');
    await store.registerSession('acme', 'b', 'a');
    const circle = await made.session({ ...S, sessionId: 'c', parentSessionId: 'a' });
    const itself = await made.session({ ...S, sessionId: 'd', parentSessionId: 'd' });
    for (const each of [circle, itself]) {
      expect(each.check('doc.read')).toMatchObject({ code: 'ancestor_unresolved' });
      expect(each.checkModel()).toMatchObject({ code: 'ancestor_unresolved' });
    }
  });

  test('a circle that is closed by a later session denies those in it and below it that are open here already', async () => {
    const { guard } = await bed();
    const made = await guard();
    const first = await made.session({ ...S, sessionId: 'c1', parentSessionId: 'c2' });
    const below = await made.session({ ...S, sessionId: 'c0', parentSessionId: 'c1' });
    const strangers = [
      await made.session({ ...S, sessionId: 'c3', parentSessionId: 'p' }),
      await made.session({ tenantId: 'other', sessionId: 'c1', parentSessionId: 'c2' }),
    ];
    for (const each of [first, below, ...strangers]) expect(each.check('db.write').allowed).toBe(true);
    const second = await made.session({ ...S, sessionId: 'c2', parentSessionId: 'c1' });
    const denied = () => [first, below, second].map((each) => each.check('doc.read'));
    for (const verdict of denied()) expect(verdict).toMatchObject({ code: 'ancestor_unresolved' });
    await second.end();
    await made.refresh();
    for (const verdict of denied().slice(0, 2)) expect(verdict).toMatchObject({ code: 'ancestor_unresolved' });
    for (const each of strangers) expect(each.check('db.write').allowed).toBe(true);
  });

  test('a second handle may name the parent that the first did not, but no other one', async () => {
    const { guard, store } = await bed();
    const made = await guard();
    await store.trip(byOperator(session('acme', 'parent')));
    const first = await made.session(S);
    expect(first.check('doc.read').allowed).toBe(true);
    const [second] = await Promise.all([
      made.session({ ...S, parentSessionId: 'parent' }),
      made.session({ ...S, parentSessionId: 'parent' }),
    ]);
    expect(second.check('doc.read').allowed).toBe(false);
    expect(first.check('doc.read').allowed).toBe(false);
    await expect(made.session({ ...S, parentSessionId: 'other' })).rejects.toMatchObject({ code: 'conflict' });
  });

  test('a parent that is named while the session is still being loaded counts', async () => {
    const { guard, store } = await bed();
    const made = await guard();
    await store.trip(byOperator(session('acme', 'parent')));
    const [first] = await Promise.all([made.session(S), made.session({ ...S, parentSessionId: 'parent' })]);
    expect(first.check('doc.read').allowed).toBe(false);
  });
});

describe('errors deny (invariant 12)', () => {
  test('a tool without a name that an event could carry', async () => {
    const { guard } = await bed();
    const made = await guard();
    const opened = await made.session(S);
    for (const name of ['', 'x'.repeat(1_025), '\ud800', undefined as unknown as string]) {
      expect(opened.check(name)).toMatchObject({ allowed: false, code: 'guard_error' });
      expect(made.check({ ...S, tool: name })).toMatchObject({ code: 'guard_error' });
    }
  });

  test('a bug on the way to the verdict', async () => {
    const { guard } = await bed();
    let broken = false;
    const now = (): number => {
      if (broken) throw new TypeError('a bug');
      return 1_800_000_000_000;
    };
    const made = await guard({ clock: { now } });
    const opened = await made.session(S);
    broken = true;
    const verdicts = [opened.check('db.write'), opened.checkModel(), made.check({ ...S, tool: 'db.write' })];
    for (const verdict of [...verdicts, made.admit(S)]) {
      expect(verdict).toMatchObject({ allowed: false, code: 'guard_error', reason: 'denied: guard_error: a bug' });
    }
    let ran = false;
    const call = opened.call('db.write', {}, () => {
      ran = true;
    });
    await expect(call).rejects.toThrow(CallBlocked);
    expect(ran).toBe(false);
    broken = false;
  });

  test('bad credentials, at the start and later', async () => {
    const { guard, faults, errors } = await bed();
    const { SentinelError } = await import('../../src/domain/errors.ts');
    faults.down = new SentinelError('store_rejected', 'Redis refuses us (NOAUTH).');
    const made = await guard();
    const opened = await made.session(S);
    for (const verdict of [opened.check('db.write'), opened.checkModel(), made.admit(S)]) {
      expect(verdict).toMatchObject({ code: 'guard_error', reason: expect.stringContaining('NOAUTH') });
    }
    expect(errors.length).toBeGreaterThan(0);
    faults.down = null;
    await made.refresh();
    expect(opened.check('db.write').allowed).toBe(true);
    faults.down = new SentinelError('store_rejected', 'Redis refuses us (NOPERM).');
    await made.refresh();
    expect(opened.check('db.write')).toMatchObject({ code: 'guard_error' });
  });

  test('an answer of the store that cannot be read', async () => {
    const { guard, store, faults } = await bed();
    const lent = faulty(store, faults);
    let damaged = false;
    const poll = async (request: Parameters<typeof lent.poll>[0]) => {
      const answer = await lent.poll(request);
      const state = { mode: 'none' } as never;
      return damaged ? { ...answer, changes: [{ scope: 'tenant:acme', state }] } : answer;
    };
    const made = await guard({ store: { ...lent, poll } });
    const opened = await made.session(S);
    damaged = true;
    await made.refresh();
    expect(opened.check('db.write')).toMatchObject({
      code: 'guard_error',
      reason: expect.stringContaining('tenant:acme'),
    });
    faults.failing.set('config', new SyntaxError('Unexpected token'));
    damaged = false;
    await made.refresh();
    expect(opened.check('db.write')).toMatchObject({ code: 'guard_error' });
    faults.failing.clear();
    await made.refresh();
    expect(opened.check('db.write').allowed).toBe(true);
  });

  test('a mode that this version does not know stops everything', async () => {
    const { guard, store, faults } = await bed();
    const lent = faulty(store, faults);
    const read = async (scopes: Parameters<typeof lent.read>[0]) =>
      (await lent.read(scopes)).map((reading) =>
        reading.scope.kind === 'tenant'
          ? { ...reading, state: { mode: 'stop_reads', version: 1, reason: '' } as never }
          : reading,
      );
    const opened = await (await guard({ store: { ...lent, read } })).session(S);
    expect(opened.check('doc.read')).toMatchObject({ code: 'stop_all', scope: 'tenant:acme' });
  });

  test('a callback or a sink that throws is reported and in nobody’s way', async () => {
    const { guard, store, errors } = await bed();
    const emit = (): void => {
      throw new Error('sink');
    };
    const events = { emit, flush: async () => true, dropped: 0, close: async () => {} };
    const made = await guard({ events });
    const opened = await made.session({
      ...S,
      onKilled: () => {
        throw new Error('callback');
      },
    });
    expect(await opened.call('doc.read', {}, () => 7)).toBe(7);
    await store.trip(byOperator(GLOBAL, { mode: 'stop_all' }));
    await made.refresh();
    expect(opened.check('doc.read').allowed).toBe(false);
    expect(errors.map((error) => (error as Error).message)).toEqual(['sink', 'sink', 'callback']);
  });
});

describe('a session', () => {
  test('refuses ids that no event could carry', async () => {
    const { guard } = await bed();
    const made = await guard();
    for (const wrong of [
      { tenantId: '' },
      { sessionId: 'x'.repeat(257) },
      { parentSessionId: '' },
      { agentId: '\udc00' },
    ]) {
      await expect(made.session({ ...S, ...wrong })).rejects.toMatchObject({ code: 'usage' });
    }
    expect(made.state.sessions).toBe(0);
  });

  test('is checked by its ids too, while it is open in this guard', async () => {
    const { guard, store } = await bed();
    const made = await guard();
    const opened = await made.session(S);
    expect(made.check({ ...S, tool: 'db.write' })).toEqual({ allowed: true });
    expect(made.check({ ...S, sessionId: 's2', tool: 'doc.read' })).toMatchObject({ code: 'session_unknown' });
    await store.trip(byOperator(tool('acme', 'db.*')));
    await made.refresh();
    expect(made.check({ ...S, tool: 'db.write' })).toMatchObject({ code: 'tool_disabled', scope: 'tool:acme:db.*' });
    await opened.end();
    expect(made.check({ ...S, tool: 'doc.read' })).toMatchObject({ code: 'session_unknown' });
    expect(opened.check('doc.read')).toMatchObject({ code: 'session_unknown' });
  });

  test('tells a kill once when it begins, and again after it was lifted', async () => {
    const { guard, store } = await bed();
    const made = await guard();
    const told: string[] = [];
    const opened = await made.session({ ...S, onKilled: ({ code }) => told.push(code) });
    expect(() => opened.throwIfKilled()).not.toThrow();
    await store.trip(byOperator(tenant('acme')));
    await made.refresh();
    expect(told).toEqual([]);
    await store.trip(byOperator(session('acme', 's1')));
    await made.refresh();
    await made.refresh();
    expect(told).toEqual(['session_terminated']);
    expect(() => opened.throwIfKilled()).toThrow('Session terminated: an operator says so');
    await store.clear(clearing(session('acme', 's1')));
    await made.refresh();
    expect(() => opened.throwIfKilled()).not.toThrow();
    await store.trip(byOperator(GLOBAL, { mode: 'stop_all' }));
    await made.refresh();
    expect(told).toEqual(['session_terminated', 'stop_all']);
  });

  test('that was killed before it was opened is told so once', async () => {
    const { guard, store } = await bed();
    await store.trip(byOperator(session('acme', 's1')));
    const made = await guard();
    const told: string[] = [];
    await made.session({ ...S, onKilled: () => told.push('first') });
    await made.session({ ...S, onKilled: () => told.push('second') });
    expect(told).toEqual(['first', 'second']);
  });

  test('ends ok, or stopped when it was killed, and says the same when asked again', async () => {
    const { guard, store, sink } = await bed();
    const made = await guard();
    const [well, killed] = [await made.session(S), await made.session({ ...S, sessionId: 's2' })];
    await store.trip(byOperator(session('acme', 's2')));
    await made.refresh();
    expect(await well.end()).toEqual({ status: 'ok' });
    expect(await killed.end()).toEqual({ status: 'stopped', stop_reason: 'killed' });
    expect(await killed.end()).toEqual({ status: 'stopped', stop_reason: 'killed' });
    expect(made.state.sessions).toBe(0);
    expect(sink.events.map(({ type, session_id }) => [type, session_id])).toEqual([
      ['session_end', 's1'],
      ['session_end', 's2'],
    ]);
  });

  test('ends for others only with its last handle', async () => {
    const { guard, sink } = await bed();
    const made = await guard();
    const [first, second] = [await made.session(S), await made.session(S)];
    await first.end();
    expect(sink.events).toEqual([]);
    expect(first.check('doc.read')).toMatchObject({ code: 'session_unknown' });
    expect(first.checkModel()).toMatchObject({ code: 'session_unknown' });
    expect(second.check('db.write').allowed).toBe(true);
    await second.end();
    expect(sink.events).toHaveLength(1);
  });
});

test('a session that two guards hold is ended by each: they know nothing of each other', async () => {
  const { guard, sink } = await bed();
  const [one, two] = [await guard(), await guard()];
  const [first, second] = [await one.session(S), await two.session(S)];
  await first.end();
  expect(second.check('db.write').allowed).toBe(true);
  await second.end();
  expect(sink.events.map(({ type }) => type)).toEqual(['session_end', 'session_end']);
});

describe('admission', () => {
  test('refuses new runs where any switch does, and nothing else does', async () => {
    const { guard, store } = await bed();
    const made = await guard();
    const opened = await made.session(S);
    await store.trip(byOperator(tenant('acme'), { mode: 'stop_new_runs' }));
    await store.trip(byOperator(tenant('other')));
    await made.refresh();
    expect(made.admit({ tenantId: 'acme' })).toMatchObject({ code: 'new_runs_stopped', scope: 'tenant:acme' });
    expect(opened.check('db.write').allowed).toBe(true);
    expect(made.admit({ tenantId: 'other' })).toEqual({ allowed: true });
    await store.trip(byOperator(GLOBAL, { mode: 'stop_all' }));
    await made.refresh();
    expect(made.admit({ tenantId: 'other' })).toMatchObject({ code: 'stop_all', reason: 'killed: stop_all' });
  });

  test('an id that is none is a verdict, too', async () => {
    const { guard } = await bed();
    expect((await guard()).admit({ tenantId: '' })).toMatchObject({ code: 'guard_error' });
  });
});

test('a closed guard denies everything, also what is stopped, and refreshes no more', async () => {
  const { guard } = await bed();
  const made = await guard();
  const opened = await made.session(S);
  await made.close();
  await made.close();
  for (const verdict of [opened.check('doc.read'), opened.check('db.write'), opened.checkModel(), made.admit(S)]) {
    expect(verdict).toMatchObject({ code: 'guard_closed' });
  }
  await made.refresh();
  expect(opened.check('doc.read').allowed).toBe(false);
});

test('a denied call’s error can be told without instanceof', () => {
  const verdict = { allowed: false, code: 'stop_all', reason: 'killed: stop_all', scope: 'global' } as const;
  const error = new CallBlocked({ ...verdict, decisionId: null, retryable: true, expiresAt: 5 });
  expect(isSentinelError(error) && error.code).toBe('call_blocked');
  expect(error).toMatchObject({ message: 'killed: stop_all', retryable: true, verdict });
});
