/** As users of plain JavaScript hand them over: types do not stand in the way here. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { GUARD_STORE_METHODS } from '../../src/guard/guard-store.ts';
import { createGuard, embeddedSink, httpSink, kafkaSink } from '../../src/guard/index.ts';
import { Poller } from '../../src/guard/poller.ts';
import { bed } from './harness.ts';

const S = { tenantId: 'acme', sessionId: 's1' };
const BROKERS = ['127.0.0.1:9092'];

type Given = Record<string, unknown> | undefined | null | string;

async function places() {
  const { guard } = await bed();
  const made = await guard();
  const opened = await made.session(S);
  const call = (options: Given) => opened.call('db.write', {}, () => expect.unreachable(), options as never);
  return {
    createGuard: async (options: Given) => createGuard(options as never),
    'guard.session': async (options: Given) => made.session(options as never),
    'session.call': async (options: Given) => call(options),
    kafkaSink: async (options: Given) => kafkaSink(options as never),
    httpSink: async (options: Given) => httpSink(options as never),
    embeddedSink: async (options: Given) => embeddedSink(options as never),
    ...{ made, opened },
  } as const;
}

type Place = Exclude<keyof Awaited<ReturnType<typeof places>>, 'made' | 'opened'>;

describe('an option that would be ignored is refused, in one sentence that says where and what instead', () => {
  test.each<[Place, Given, string]>([
    [
      'createGuard',
      { redis: 'redis://x', cacheTTLs: 1 },
      'createGuard has no option "cacheTTLs", did you mean cacheTtlS?',
    ],
    ['createGuard', { redsi: 'redis://x' }, 'createGuard has no option "redsi", did you mean redis?'],
    [
      'createGuard',
      { redis: { url: 'redis://x', prefix: 'p' } },
      'createGuard: redis has no option "prefix", expected url or keyPrefix.',
    ],
    [
      'createGuard',
      { redis: 'redis://x', names: { flag: 'x' } },
      'createGuard: names has no option "flag", expected global_flag,',
    ],
    [
      'guard.session',
      { ...S, parentSession: 'p' },
      'guard.session has no option "parentSession", did you mean parentSessionId?',
    ],
    [
      'guard.session',
      { ...S, ['x'.repeat(100)]: 1 },
      `guard.session has no option "${'x'.repeat(60)}", expected tenantId, sessionId,`,
    ],
    ['session.call', { costUSD: 1 }, 'session.call has no option "costUSD", did you mean costUsd?'],
    ['session.call', { knid: 'read' }, 'session.call has no option "knid", did you mean kind?'],
    ['kafkaSink', { brokers: BROKERS, topics: 'x' }, 'kafkaSink has no option "topics", did you mean topic?'],
    ['kafkaSink', { brokers: BROKERS, ssl: { crt: 'x' } }, 'kafkaSink: ssl has no option "crt", did you mean cert?'],
    ['httpSink', { url: 'http://127.0.0.1:7070', tokn: 'x' }, 'httpSink has no option "tokn", did you mean token?'],
    [
      'embeddedSink',
      { dir: '.sentinel', folder: 'x' },
      'embeddedSink has no option "folder", expected dir or onError.',
    ],
  ])('%s %j', async (place, options, sentence) => {
    const refused = (await places())[place](options);
    await expect(refused).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining(sentence) });
  });

  test('what is undefined is absent', async () => {
    const { made, opened } = await places();
    const session = await made.session({ ...S, sessionId: 's2', limits: undefined, agentId: undefined } as never);
    expect(session.check('db.write').allowed).toBe(true);
    expect(await opened.call('db.write', undefined, () => 7, { label: undefined } as never)).toBe(7);
  });
});

describe('what the contract has and this version has not is refused as such, never ignored', () => {
  test.each(['limits', 'policy', 'onExceeded', 'record', 'step'])('%s of a session', async (name) => {
    const { made } = await places();
    await expect(made.session({ ...S, sessionId: 's2', [name]: {} } as never)).rejects.toMatchObject({
      code: 'usage',
      message: `guard.session: the option "${name}" is not in this version of the guard and would have no effect: leave it out.`,
    });
    expect(made.state.sessions).toBe(1);
  });

  test.each(['record', 'step'] as const)('session.%s()', async (name) => {
    const { opened } = await places();
    expect(() => opened[name]()).toThrow(`session.${name}() is not in this version of the guard`);
  });
});

const SINK =
  'createGuard: events must be a sink: kafkaSink, httpSink, embeddedSink, or an object with emit, flush and close.';
const SECONDS = 'createGuard: cacheTtlS must be a number of seconds from 0.05 to 86400.';

describe('a check never throws: it denies what it is asked in words that it does not know', () => {
  test.each<[Given, string]>([
    [{ knd: 'write' }, 'session.check has no option "knd", did you mean kind?'],
    [{ kind: 'wrte' }, 'session.check: kind must be "read" or "write".'],
    ['read', 'session.check needs an object of options.'],
    [null, 'session.check needs an object of options.'],
  ])('%j', async (options, reason) => {
    const { opened } = await places();
    const verdict = opened.check('doc.read', options as never);
    expect(verdict).toMatchObject({ allowed: false, code: 'guard_error', reason: expect.stringContaining(reason) });
  });

  test('and knows an empty one, and what is undefined', async () => {
    const { opened } = await places();
    for (const options of [{}, { kind: undefined }, undefined])
      expect(opened.check('doc.read', options as never).allowed).toBe(true);
  });
});

describe('a value that could not work is refused at once, in one sentence with what is allowed', () => {
  test.each<[Place, Given, string]>([
    ['createGuard', undefined, 'createGuard needs an object of options.'],
    ['createGuard', 'redis://x', 'createGuard needs an object of options.'],
    ['createGuard', { redis: null }, 'createGuard: redis must be an address such as redis://127.0.0.1:6379.'],
    ['createGuard', { redis: {} }, 'createGuard: redis: url must be an address such as redis://127.0.0.1:6379.'],
    ['createGuard', { redis: 'redis://x', events: {} }, SINK],
    ['createGuard', { redis: 'redis://x', cacheTtlS: 1e7 }, SECONDS],
    ['createGuard', { redis: 'redis://x', cacheTtlS: 0.01 }, SECONDS],
    ['createGuard', { redis: 'redis://x', cacheTtlS: Number.NaN }, SECONDS],
    ['createGuard', { redis: 'redis://x', cacheTtlS: '2' }, SECONDS],
    [
      'createGuard',
      { redis: 'redis://x', maxStalenessMs: 0 },
      'createGuard: maxStalenessMs must be a number of milliseconds greater than 0.',
    ],
    ['createGuard', { redis: 'redis://x', hashArgs: 'no' }, 'createGuard: hashArgs must be true or false.'],
    ['createGuard', { redis: 'redis://x', onError: 'log' }, 'createGuard: onError must be a function.'],
    ['createGuard', { redis: 'redis://x', id: '' }, 'createGuard: id must be 1 to 256 bytes of well-formed text.'],
    ['guard.session', undefined, 'guard.session needs an object of options.'],
    ['guard.session', { tenantId: 'acme' }, 'guard.session: sessionId must be 1 to 256 bytes of well-formed text.'],
    ['guard.session', { ...S, onKilled: true }, 'guard.session: onKilled must be a function.'],
    ['session.call', null, 'session.call needs an object of options.'],
    ['session.call', { kind: 'Write' }, 'session.call: kind must be "read" or "write".'],
    ['session.call', { labels: 'x' }, 'session.call: labels must be an object of texts.'],
    [
      'session.call',
      { labels: { a: 'b', note: 'x'.repeat(1_100) } },
      'session.call: labels.note must be at most 1024 bytes of well-formed text.',
    ],
    ['kafkaSink', undefined, 'kafkaSink needs an object of options.'],
    ['kafkaSink', {}, 'kafkaSink: brokers must be a list of host:port, one at least.'],
    ['kafkaSink', { brokers: '127.0.0.1:9092' }, 'kafkaSink: brokers must be a list of host:port, one at least.'],
    ['kafkaSink', { brokers: ['127.0.0.1'] }, 'kafkaSink: brokers must be a list of host:port, one at least.'],
    [
      'kafkaSink',
      { brokers: BROKERS, sasl: { mechanism: 'x' } },
      'kafkaSink: sasl: mechanism must be plain, scram-sha-256 or scram-sha-512.',
    ],
    ['httpSink', undefined, 'httpSink needs an object of options.'],
    ['httpSink', {}, 'httpSink: url must be the address of a daemon, such as http://127.0.0.1:7070.'],
    [
      'httpSink',
      { url: 'http://127.0.0.1:7070', token: 'a\n' },
      'httpSink: token must be a text of visible ASCII characters.',
    ],
    ['embeddedSink', {}, 'embeddedSink: dir must be a text that is not empty.'],
  ])('%s %j', async (place, options, sentence) => {
    await expect((await places())[place](options)).rejects.toMatchObject({ code: 'usage', message: sentence });
  });

  test.each(GUARD_STORE_METHODS)('a store that lacks %s', async (missing) => {
    const store = Object.fromEntries(GUARD_STORE_METHODS.map((name) => [name, () => {}]));
    await expect((await places()).createGuard({ store: { ...store, [missing]: undefined } })).rejects.toMatchObject({
      code: 'usage',
      message: 'createGuard: store must be a store with all methods of GuardStore.',
    });
  });

  test('session.call without a function, or with it in the place of the arguments', async () => {
    const { opened } = await places();
    const call = opened.call.bind(opened) as (...given: unknown[]) => Promise<unknown>;
    await expect(call('db.write', {})).rejects.toThrow('session.call: fn must be a function.');
    await expect(call('db.write', () => 1)).rejects.toThrow('session.call: args must be an object, or undefined.');
  });

  test('guard.admit() and guard.check() answer in all cases: a denial that says what is missing', async () => {
    const { made } = await places();
    const asked = made as unknown as Record<'admit' | 'check', (given?: unknown) => unknown>;
    for (const given of [undefined, null, {}, { tenantId: 5 }]) {
      expect(asked.admit(given)).toMatchObject({
        ...{ allowed: false, code: 'guard_error' },
        reason: 'denied: guard_error: guard.admit: tenantId must be 1 to 256 bytes of well-formed text.',
      });
    }
    expect(asked.check()).toMatchObject({
      ...{ allowed: false, code: 'guard_error' },
      reason: 'denied: guard_error: guard.check: its argument must be an object with tenantId, sessionId and tool.',
    });
  });
});

describe('a poll', () => {
  afterEach(() => void vi.useRealTimers());

  test('waits however long a published interval is: no timer runs over and spins', async () => {
    vi.useFakeTimers();
    const refresh = vi.fn(async () => {});
    const poller = new Poller(refresh, () => 1e10);
    poller.start();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(refresh).not.toHaveBeenCalled();
    poller.stop();
  });
});
