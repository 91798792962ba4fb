import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { validateEvent } from '../../src/domain/event/validate.ts';
import type { Guard, GuardSession } from '../../src/guard/index.ts';
import { CallBlocked } from '../../src/guard/index.ts';
import { applied, byOperator, clearing, GLOBAL, session, tenant, tool } from '../conformance/kill-store/harness.ts';
import { type Bed, bed } from './harness.ts';

const S = { tenantId: 'acme', sessionId: 's1', agentId: 'a1', runId: 'r1', parentSessionId: 'p1' };
const WHO = { tenant_id: 'acme', session_id: 's1', agent_id: 'a1', run_id: 'r1', parent_session_id: 'p1' };

interface Opened extends Bed {
  readonly made: Guard;
  readonly opened: GuardSession;
}

async function opened(): Promise<Opened> {
  const made = await bed();
  const guard = await made.guard({ id: 'g1' });
  return { ...made, made: guard, opened: await guard.session(S) };
}

/** A call that ends when it is told to, and whether it heard that it is cancelled. */
function pending(session: GuardSession, name: string, kind: 'read' | 'write' = 'write') {
  let finish: (value: string) => void = () => {};
  let heard: unknown = null;
  const result = session.call(
    name,
    {},
    (signal) =>
      new Promise<string>((resolve, reject) => {
        finish = resolve;
        signal.addEventListener('abort', () => {
          heard = signal.reason;
          reject(signal.reason);
        });
      }),
    { kind },
  );
  result.catch(() => undefined);
  return { result, finish: (value: string) => finish(value), heard: () => heard };
}

describe('an allowed call', () => {
  test('is told before and after, with the same call id, in valid events', async () => {
    const { opened: session, sink, clock } = await opened();
    const result = await session.call(
      'email.send',
      { to: 'x' },
      () => {
        clock.advance(40);
        return 'sent';
      },
      { kind: 'write', idempotencyKey: 'k', costUsd: 0.5, labels: { team: 'a' } },
    );
    expect(result).toBe('sent');
    expect(sink.events.map(validateEvent)).toEqual([null, null]);
    const [call, outcome] = sink.events;
    const common = { ...WHO, tool: 'email.send', kind: 'write', call_id: call?.call_id, labels: { team: 'a' } };
    const ids = { event_id: expect.stringMatching(/^[0-9a-f-]{36}$/), ts: expect.any(Number) };
    const asked = { args: { to: 'x' }, idempotency_key: 'k', cost_usd: 0.5 };
    expect(call).toEqual({ ...ids, ...common, ...asked, phase: 'call' });
    expect(outcome).toEqual({ ...ids, ...common, phase: 'result', status: 'ok', latency_ms: 40 });
    expect(call?.event_id).not.toBe(outcome?.event_id);
  });

  test('that throws is told as an error by its kind, and the error is passed on', async () => {
    const { opened: session, sink } = await opened();
    const failing = session.call('db.write', {}, () => Promise.reject(new RangeError('a secret')));
    await expect(failing).rejects.toThrow(RangeError);
    expect(sink.events[1]).toMatchObject({ phase: 'result', status: 'error', error_type: 'RangeError' });
    expect(JSON.stringify(sink.events)).not.toContain('secret');
    await expect(
      session.call('db.write', {}, () => {
        throw 'text';
      }),
    ).rejects.toBe('text');
    expect(sink.events[3]).toMatchObject({ status: 'error', error_type: 'string' });
  });

  test('keeps its arguments to itself where hashes are asked for, the same for equal arguments', async () => {
    const { guard, sink } = await bed();
    const session = await (await guard({ hashArgs: true })).session(S);
    await session.call('db.write', { b: 1, a: new Date(0), c: undefined }, () => 1);
    await session.call('db.write', { a: '1970-01-01T00:00:00.000Z', b: 1.0 }, () => 1);
    const calls = sink.events.filter(({ phase }) => phase === 'call');
    const hash = createHash('sha256').update('{"a":"1970-01-01T00:00:00.000Z","b":1}').digest('hex');
    expect(calls.map(({ args, args_hash }) => [args, args_hash])).toEqual([
      [undefined, hash],
      [undefined, hash],
    ]);
  });

  test('with options that no event could carry is refused as wrong usage, unrun', async () => {
    const { opened: session, sink } = await opened();
    const run = () => expect.unreachable();
    for (const options of [
      { callId: '\ud800' },
      { costUsd: -1 },
      { costUsd: Number.NaN },
      { labels: { a: 1 as never } },
    ]) {
      await expect(session.call('db.write', {}, run, options)).rejects.toMatchObject({ code: 'usage' });
    }
    await expect(session.call('', {}, run)).rejects.toMatchObject({ code: 'usage' });
    await expect(session.call('x', [1] as never, run)).rejects.toMatchObject({ code: 'usage' });
    expect(sink.events).toEqual([]);
  });
});

describe('a refused call', () => {
  test('throws its verdict, runs nothing, and is told in one event', async () => {
    const { opened: session, made, store, sink } = await opened();
    const { decision_id } = applied(await store.trip(byOperator(tenant('acme'))));
    await made.refresh();
    const refused = session.call('email.send', { to: 'x' }, () => expect.unreachable(), { costUsd: 1 });
    const error = await refused.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CallBlocked);
    expect((error as CallBlocked).verdict).toMatchObject({ code: 'writes_disabled', decisionId: decision_id });
    expect(sink.events.map(validateEvent)).toEqual([null]);
    expect(sink.events[0]).toMatchObject({
      ...{ ...WHO, tool: 'email.send', status: 'blocked', error_type: 'writes_disabled', args: { to: 'x' } },
      labels: {
        ...{ 'sentinel.guard': 'g1', 'sentinel.decision_id': decision_id },
        'sentinel.reason': 'killed: writes_disabled:email.send',
      },
    });
    expect(sink.events[0]).not.toHaveProperty('phase');
    expect(sink.events[0]).not.toHaveProperty('cost_usd');
  });

  test('is a valid event whatever the tool and the reason', async () => {
    const { opened: session, made, store, sink } = await opened();
    await store.trip(byOperator(session_('s1'), { reason: '😀'.repeat(600) }));
    await made.refresh();
    await session.call('ü'.repeat(500), undefined, () => 1).catch(() => undefined);
    expect(sink.events.map(validateEvent)).toEqual([null]);
  });
});

describe('a call in flight', () => {
  test('is cancelled by stop_all: its signal is aborted, its caller told why, its end told truly', async () => {
    const { opened: session, made, store, sink } = await opened();
    const call = pending(session, 'db.write');
    expect(made.state.callsInFlight).toBe(1);
    await store.trip(byOperator(GLOBAL, { mode: 'stop_all' }));
    await made.refresh();
    await expect(call.result).rejects.toMatchObject({
      code: 'call_blocked',
      verdict: { code: 'stop_all', scope: 'global' },
    });
    expect(call.heard()).toBeInstanceOf(CallBlocked);
    expect(session.signal.aborted).toBe(true);
    expect(made.state.callsInFlight).toBe(0);
    expect(sink.events.at(-1)).toMatchObject({ phase: 'result', status: 'cancelled', error_type: 'stop_all' });
  });

  test('that ignores its signal rejects at once, counts on, and is told as what it came to', async () => {
    const { opened: session, made, store, sink } = await opened();
    let finish: () => void = () => {};
    const call = session.call('db.write', {}, () => new Promise<void>((resolve) => (finish = resolve)));
    call.catch(() => undefined);
    await store.trip(byOperator(session_('s1')));
    await made.refresh();
    await expect(call).rejects.toThrow('Session terminated');
    expect(await session.end()).toMatchObject({ status: 'stopped' });
    expect(made.state).toMatchObject({ callsInFlight: 1, sessions: 1 });
    await made.refresh();
    expect((await store.guards())[0]?.in_flight).toBe(1);
    finish();
    await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(sink.events.at(-1)).toMatchObject({ phase: 'result', status: 'ok' });
    expect(made.state).toMatchObject({ callsInFlight: 0, sessions: 0 });
  });

  test('finishes under disable_writes, under stop_new_runs, and where the switch says so', async () => {
    const { opened: session, made, store } = await opened();
    const call = pending(session, 'db.write');
    await store.trip(byOperator(tenant('acme')));
    await store.trip(byOperator(session_('s1'), { inFlight: 'finish' }));
    await made.refresh();
    expect(session.check('doc.read').allowed).toBe(false);
    expect(session.signal.aborted).toBe(false);
    call.finish('done');
    expect(await call.result).toBe('done');
  });

  test('is cancelled under disable_writes where the switch says so; a read is not told that it was a write', async () => {
    const { opened: session, made, store } = await opened();
    const [write, read] = [pending(session, 'db.write'), pending(session, 'doc.read', 'read')];
    await store.trip(byOperator(tenant('acme'), { inFlight: 'cancel' }));
    await made.refresh();
    await expect(write.result).rejects.toMatchObject({
      verdict: { code: 'writes_disabled', reason: 'killed: writes_disabled:db.write' },
    });
    await expect(read.result).rejects.toMatchObject({
      verdict: { code: 'writes_disabled', reason: 'killed: writes_disabled' },
    });
    expect(session.check('doc.read').allowed).toBe(true);
  });

  test('is cancelled under stop_new_runs where the switch says so, and told of that mode, not of one that does not stand', async () => {
    const { opened: session, made, store, sink } = await opened();
    const [write, signal] = [pending(session, 'db.write'), session.signal];
    await store.trip(byOperator(tenant('acme'), { mode: 'stop_new_runs', inFlight: 'cancel' }));
    await made.refresh();
    const verdict = { code: 'new_runs_stopped', reason: 'killed: new_runs_stopped', scope: 'tenant:acme' };
    await expect(write.result).rejects.toMatchObject({ verdict });
    expect(signal.reason).toMatchObject({ verdict });
    expect(sink.events.at(-1)).toMatchObject({ status: 'cancelled', error_type: 'new_runs_stopped' });
    expect(session.check('db.write').allowed).toBe(true);
  });

  test('that several switches cancel is told what a refused call would be: stop_all before what is wider', async () => {
    const { opened: session, made, store } = await opened();
    await store.trip(byOperator(GLOBAL, { mode: 'stop_new_runs', inFlight: 'cancel' }));
    await made.refresh();
    const call = pending(session, 'db.write');
    await store.trip(byOperator(tenant('acme'), { mode: 'stop_all' }));
    await made.refresh();
    await expect(call.result).rejects.toMatchObject({ verdict: { code: 'stop_all', scope: 'tenant:acme' } });
  });

  test('of a tool that is disabled so is cancelled, others are not', async () => {
    const { opened: session, made, store } = await opened();
    const [one, other] = [pending(session, 'db.write'), pending(session, 'email.send')];
    await store.trip(byOperator(tool(null, 'db.*'), { inFlight: 'cancel' }));
    await made.refresh();
    await expect(one.result).rejects.toMatchObject({ verdict: { code: 'tool_disabled' } });
    other.finish('sent');
    expect(await other.result).toBe('sent');
    expect(session.signal.aborted).toBe(false);
  });

  test('the session’s signal is a new one when the stop was lifted', async () => {
    const { opened: session, made, store } = await opened();
    const first = session.signal;
    await store.trip(byOperator(session_('s1')));
    await made.refresh();
    expect(first.aborted).toBe(true);
    expect(first.reason).toBeInstanceOf(CallBlocked);
    await store.clear(clearing(session_('s1')));
    await made.refresh();
    expect(session.signal.aborted).toBe(false);
    expect(await session.call('db.write', {}, (signal) => signal.aborted)).toBe(false);
  });

  test('a kill of another session cancels nothing here', async () => {
    const { opened: session, made, store } = await opened();
    const call = pending(session, 'db.write');
    await store.trip(byOperator(session_('s2')));
    await made.refresh();
    call.finish('done');
    expect(await call.result).toBe('done');
  });
});

function session_(id: string) {
  return session('acme', id);
}
