import { advance, type Example, example, fence, gt, is, match, not, other, rec, rule, setup } from './build.ts';
import { boundExamples } from './examples-bounds.ts';
import { windowExamples } from './examples-windows.ts';
import type { PlainRule } from './plain.ts';

/**
 * docs/semantics.md worked out by hand, a few events at a time. The oracle and the engine are both held to these
 * (test/oracle/oracle.test.ts, test/properties/engine-oracle.test.ts).
 */

const SESSION = 'tenant=acme,session=s1';
const TENANT = 'tenant=acme';

const times = (count: number, step: (index: number) => ReturnType<typeof rec>) =>
  Array.from({ length: count }, (_, i) => step(i));

const burst = rule('burst', {});
const duplicates = (changes: Partial<PlainRule> = {}) =>
  rule('dup', {
    measure: { type: 'duplicate_count', fingerprint: ['tool', 'args'], after: 'ok' },
    condition: gt(0),
    ...changes,
  });
const loop = (changes: Partial<PlainRule> = {}) =>
  rule('loop', { measure: { type: 'loop', fingerprint: ['tool', 'args'], distinctOfLast: null }, ...changes });
const total = (field: 'actions' | 'cost_usd' | 'tokens', changes: Partial<PlainRule> = {}) =>
  rule('total', { measure: { type: 'session_total', field }, ...changes });
const age = (changes: Partial<PlainRule> = {}) =>
  rule('age', { measure: { type: 'session_age', activeWithinMs: 50 }, condition: gt(30), ...changes });
const idle = (changes: Partial<PlainRule> = {}) =>
  rule('idle', { measure: { type: 'session_idle' }, condition: gt(30), ...changes });

const clocks: Example[] = [
  example(
    'an offset below the next one is ignored',
    setup([burst]),
    [rec(0), () => ({ ...(rec(10)(0) as object), offset: 0 }) as ReturnType<ReturnType<typeof rec>>],
    [],
  ),
  example(
    'an event is at most 2 s ahead of its append time',
    setup([burst]),
    [rec(0, { ts: 90_000 }), rec(5, { ts: 90_000 })],
    [`5 firing burst ${SESSION}: 2 against 1, at 2005, by record 1 at 5, from 0 1`],
  ),
  example(
    'timers due by a record fire before it, stamped with their due time',
    setup([rule('burst', { forMs: 7 })]),
    [rec(0), rec(10), rec(17)],
    [`17 firing burst ${SESSION}: 2 against 1, at 17, by timer at 17, from 0 1`],
  ),
  example(
    'the horizon never moves back',
    setup([burst]),
    [rec(100), rec(50, { ts: 40 })],
    [`100 firing burst ${SESSION}: 2 against 1, at 100, by record 1 at 50, from 1 0`],
  ),
];

const seeing: Example[] = [
  example(
    'an id seen before in the session and phase counts nowhere',
    setup([burst]),
    [
      rec(0, { event_id: 'same' }),
      rec(1, { event_id: 'same' }),
      rec(2, { event_id: 'same', session_id: 's2' }),
      rec(3, { event_id: 'same', phase: 'call' }),
    ],
    [`3 firing burst ${SESSION}: 2 against 1, at 3, by record 3 at 3, from 0 3`],
  ),
  example(
    'event_count sees tool calls unless match.type says otherwise',
    setup([burst, rule('models', { match: match(is('type', 'llm_call')) })]),
    [rec(0), other('llm_call', 1), other('llm_call', 2)],
    [`2 firing models ${SESSION}: 2 against 1, at 2, by record 2 at 2, from 1 2`],
  ),
  example(
    'value_sum sees events of every type and phase',
    setup([rule('cost', { measure: { type: 'value_sum', field: 'cost_usd' } })]),
    [
      other('llm_call', 0, { cost_usd: 0.5 }),
      rec(1, { phase: 'call', cost_usd: 0.25 }),
      rec(2, { phase: 'result', cost_usd: 0.5 }),
    ],
    [`2 firing cost ${SESSION}: 1.25 against 1, at 2, by record 2 at 2, from 0 1 2`],
  ),
  example(
    'calls count on the call, rules that match an outcome on the result',
    setup([
      burst,
      rule('failed', { match: match(is('status', 'error')), condition: gt(0) }),
      rule('passed', { match: not(is('status', 'error')) }),
    ]),
    [
      rec(0, { phase: 'call', call_id: 'c1' }),
      rec(1, { phase: 'result', call_id: 'c1' }),
      rec(2, { status: 'error' }),
      rec(3, { phase: 'result', call_id: 'c2' }),
    ],
    [
      `2 firing burst ${SESSION}: 2 against 1, at 2, by record 2 at 2, from 0 2`,
      `2 firing failed ${SESSION}: 1 against 0, at 2, by record 2 at 2, from 2`,
      `3 firing passed ${SESSION}: 2 against 1, at 3, by record 3 at 3, from 1 3`,
    ],
  ),
  example(
    'blocked calls feed nothing unless the rule matches them',
    setup([burst, rule('blocked', { match: match(is('status', 'bl*')) })]),
    [rec(0, { status: 'blocked' }), rec(1, { status: 'blocked' })],
    [`1 firing blocked ${SESSION}: 2 against 1, at 1, by record 1 at 1, from 0 1`],
  ),
  example(
    'a field that the event lacks does not match, and is not excluded',
    setup([
      rule('agent', { match: match(is('agent', '*')), condition: gt(0) }),
      rule('not', { match: not(is('agent', '*')), condition: gt(0) }),
    ]),
    [rec(0)],
    [`0 firing not ${SESSION}: 1 against 0, at 0, by record 0 at 0, from 0`],
  ),
  example(
    'numbers compare with every bound',
    setup([
      rule('band', {
        match: match({ field: 'args.amount', numbers: [gt(1), { comparison: 'lte', threshold: 5 }] }),
        condition: gt(0),
      }),
    ]),
    [rec(0, { args: { amount: 1 } }), rec(1, { args: { amount: '3' } }), rec(2, { args: { amount: 5 } })],
    [`2 firing band ${SESSION}: 1 against 0, at 2, by record 2 at 2, from 2`],
  ),
];

const keys: Example[] = [
  example(
    'a key includes the tenant: the same session id of another tenant is another key',
    setup([burst]),
    [rec(0), rec(1, { tenant_id: 'bolt' })],
    [],
  ),
  example(
    'an event without a part of the key does not feed it',
    setup([rule('team', { groupBy: ['tenant', 'labels.team'] })]),
    [rec(0), rec(1, { labels: { team: 'x' } }), rec(2, { labels: { team: 'x' }, session_id: 's2' })],
    ['2 firing team tenant=acme,labels.team=x: 2 against 1, at 2, by record 2 at 2, from 1 2'],
  ),
  example(
    'global_tool leaves the tenant out',
    setup([rule('everywhere', { groupBy: ['global_tool'] })]),
    [rec(0), rec(1, { tenant_id: 'bolt' })],
    ['1 firing everywhere tool=mail.send: 2 against 1, at 1, by record 1 at 1, from 0 1'],
  ),
  example(
    'the first override that matches the key sets its condition',
    setup([
      rule('burst', {
        groupBy: ['tenant'],
        overrides: [
          { match: match(is('tenant', 'b*')), condition: gt(0) },
          { match: match(is('tenant', '*')), condition: gt(5) },
        ],
      }),
    ]),
    [rec(0), rec(1), rec(2, { tenant_id: 'bolt' })],
    ['2 firing burst tenant=bolt: 1 against 0, at 2, by record 2 at 2, from 2'],
  ),
];

const operations: Example[] = [
  example(
    'an operation is tool and arguments, whatever the order of members',
    setup([duplicates()]),
    [rec(0, { args: { a: 1, b: 2 } }), rec(1, { args: { a: 1 } }), rec(2, { args: { b: 2, a: 1 } })],
    [`2 firing dup ${SESSION}: 1 against 0, at 2, by record 2 at 2, from 0 2`],
  ),
  example(
    'no arguments is {}; an event that lacks another part is no entry',
    setup([
      duplicates(),
      duplicates({ name: 'key', measure: { type: 'duplicate_count', fingerprint: ['idempotency_key'], after: 'ok' } }),
    ]),
    [rec(0), rec(1, { args: {} })],
    [`1 firing dup ${SESSION}: 1 against 0, at 1, by record 1 at 1, from 0 1`],
  ),
  example(
    'after ok: a call known to have failed by its own event is not the first',
    setup([duplicates()]),
    [rec(0, { status: 'error' }), rec(1), rec(2, { status: 'error' })],
    [`2 firing dup ${SESSION}: 1 against 0, at 2, by record 2 at 2, from 0 1 2`],
  ),
  example(
    'after any: failed calls are repeated too',
    setup([duplicates({ measure: { type: 'duplicate_count', fingerprint: ['tool'], after: 'any' } })]),
    [rec(0, { status: 'error' }), rec(1)],
    [`1 firing dup ${SESSION}: 1 against 0, at 1, by record 1 at 1, from 0 1`],
  ),
  example(
    'a result that failed marks its call, sets no clock, and the condition is judged again',
    setup([duplicates()]),
    [
      rec(0, { phase: 'call', call_id: 'c1' }),
      rec(5, { phase: 'call', call_id: 'c2' }),
      rec(9, { phase: 'result', call_id: 'c1', status: 'error' }),
      rec(10, { phase: 'call', call_id: 'c3' }),
    ],
    [
      `5 firing dup ${SESSION}: 1 against 0, at 5, by record 1 at 5, from 0 1`,
      `9 resolved dup ${SESSION}: condition, opened by record 1 at 5`,
      `10 firing dup ${SESSION}: 1 against 0, at 10, by record 3 at 10, from 0 1 3`,
    ],
  ),
  example(
    'a result that comes before its call, or cancelled, tells of no failure',
    setup([duplicates()]),
    [
      rec(0, { phase: 'result', call_id: 'c1', status: 'error' }),
      rec(1, { phase: 'call', call_id: 'c1' }),
      rec(2, { phase: 'result', call_id: 'c1', status: 'cancelled' }),
      rec(3, { phase: 'call', call_id: 'c2' }),
    ],
    [`3 firing dup ${SESSION}: 1 against 0, at 3, by record 3 at 3, from 1 3`],
  ),
  example(
    'the key has the value of its most repeated operation, and its sessions, most repeats first',
    setup([duplicates({ groupBy: ['tenant'], condition: gt(2) })]),
    [
      rec(0, { session_id: 's2' }),
      rec(1),
      rec(2, { args: { n: 1 } }),
      rec(3),
      rec(4, { session_id: 's3', args: { n: 1 } }),
      rec(5),
    ],
    [`5 firing dup ${TENANT}: 3 against 2, at 5, by record 5 at 5, from 0 1 3 5, made by acme/s1 acme/s2`],
  ),
];

const loops: Example[] = [
  example(
    'loop: a different write between forgets, the same one does not',
    setup([loop({ condition: gt(2) })]),
    [
      rec(0, { tool: 'db.read' }),
      rec(1, { tool: 'db.read' }),
      rec(2, { tool: 'db.put' }),
      rec(3, { tool: 'db.read' }),
      rec(4, { tool: 'db.read' }),
      rec(5, { tool: 'db.put', status: 'blocked' }),
      rec(6, { tool: 'db.read' }),
    ],
    [`6 firing loop ${SESSION}: 3 against 2, at 6, by record 6 at 6, from 3 4 6`],
  ),
  example(
    'loop: a write that the rule does not match forgets too',
    setup([loop({ match: match(is('tool', '*.read')), condition: gt(1) })]),
    [rec(0, { tool: 'db.read' }), rec(1, { tool: 'db.put' }), rec(2, { tool: 'db.read' }), rec(3, { tool: 'db.read' })],
    [`3 firing loop ${SESSION}: 2 against 1, at 3, by record 3 at 3, from 2 3`],
  ),
  example(
    'loop with a window: calls older than it leave; without one time plays no part',
    setup([loop(), loop({ name: 'soon', windowMs: 64 })]),
    [rec(0), rec(64), rec(100)],
    [
      `64 firing loop ${SESSION}: 2 against 1, at 64, by record 1 at 64, from 0 1`,
      `100 firing soon ${SESSION}: 2 against 1, at 100, by record 2 at 100, from 1 2`,
    ],
  ),
  example(
    'distinct_of_last: judged once there are N, writes reset nothing',
    setup([
      rule('stuck', {
        measure: { type: 'loop', fingerprint: ['tool'], distinctOfLast: 3 },
        condition: { comparison: 'lte', threshold: 2 },
      }),
    ]),
    [rec(0, { tool: 'a' }), rec(1, { tool: 'b' }), rec(2, { tool: 'c' }), rec(3, { tool: 'b' })],
    [`3 firing stuck ${SESSION}: 2 against 2, at 3, by record 3 at 3, from 1 2 3`],
  ),
];

const sessions: Example[] = [
  example(
    'a session ends with session_end: its keys and alerts with it, later events begin a new one',
    setup([total('actions')]),
    [rec(0), rec(1), other('session_end', 2), rec(3), rec(4)],
    [
      `1 firing total ${SESSION}: 2 against 1, at 1, by record 1 at 1, from 0 1`,
      `2 resolved total ${SESSION}: ended, opened by record 1 at 1`,
      `4 firing total ${SESSION}: 2 against 1, at 4, by record 4 at 4, from 3 4`,
    ],
  ),
  example(
    'a session ends when the horizon is session_ends_after past its newest event',
    setup([total('actions')], { sessionEndsAfterMs: 100 }),
    [rec(0), rec(10), advance(109), advance(110), rec(120)],
    [
      `10 firing total ${SESSION}: 2 against 1, at 10, by record 1 at 10, from 0 1`,
      `110 resolved total ${SESSION}: ended, opened by record 1 at 10`,
    ],
  ),
  example(
    'session_total adds cost and tokens over everything, late events too',
    setup([total('cost_usd'), total('tokens', { name: 'tokens', condition: gt(99) })]),
    [rec(2000, { cost_usd: 0.6, tokens_in: 50 }), rec(2001, { ts: 1, cost_usd: 0.6, tokens_in: 25, tokens_out: 25 })],
    [
      `2001 firing tokens ${SESSION}: 100 against 99, at 2000, by record 1 at 2001, from 0 1`,
      `2001 firing total ${SESSION}: 1.2 against 1, at 2000, by record 1 at 2001, from 0 1`,
    ],
  ),
  example(
    'session_age needs no further event, and is judged while the newest is younger than active_within',
    setup([age()]),
    [rec(0), rec(20), advance(69), advance(70), rec(90)],
    [
      `31 firing age ${SESSION}: 31 against 30, at 31, by timer at 31, from 1`,
      `70 resolved age ${SESSION}: condition, opened by timer at 31`,
      `90 firing age ${SESSION}: 90 against 30, at 90, by record 2 at 90, from 2`,
    ],
  ),
  example(
    'session_idle counts from the newest event; blocked calls are no activity',
    setup([idle()]),
    [rec(0), rec(10), rec(20, { status: 'blocked' }), advance(60), rec(70)],
    [
      `41 firing idle ${SESSION}: 31 against 30, at 41, by timer at 41, from 1`,
      `70 resolved idle ${SESSION}: condition, opened by timer at 41`,
    ],
  ),
];

const alerts: Example[] = [
  example(
    'firing once it has held for `for` without a break',
    setup([rule('burst', { windowMs: 64, forMs: 100 })]),
    [rec(0), rec(10), rec(74), rec(100), rec(137), rec(163), advance(300)],
    [
      `200 firing burst ${SESSION}: 2 against 1, at 200, by timer at 200, from 4 5`,
      `201 resolved burst ${SESSION}: condition, opened by timer at 200`,
    ],
  ),
  example(
    'firing ends after keep_firing_for, unless it holds again before',
    setup([rule('burst', { windowMs: 64, keepFiringForMs: 50 })]),
    [rec(0), rec(10), rec(80), rec(90), advance(300)],
    [
      `10 firing burst ${SESSION}: 2 against 1, at 10, by record 1 at 10, from 0 1`,
      `194 resolved burst ${SESSION}: condition, opened by record 1 at 10`,
    ],
  ),
  example(
    'the evidence names the newest 20, oldest first',
    setup([rule('burst', { condition: gt(24) })]),
    times(25, (i) => rec(i)),
    [
      `24 firing burst ${SESSION}: 25 against 24, at 24, by record 24 at 24, from ${times(20, (i) => rec(i))
        .map((_, i) => i + 5)
        .join(' ')}`,
    ],
  ),
];

const session = { kind: 'session', tenant: 'acme', session: 's1' } as const;
const fences: Example[] = [
  example(
    'after a fence only records appended after it count, and an alert that no longer holds is resolved at once',
    setup([
      rule('burst', { keepFiringForMs: 50 }),
      rule('tenant', { groupBy: ['tenant'], condition: gt(2) }),
      total('actions'),
    ]),
    [rec(0), rec(1), fence(session, 1), rec(2), rec(3)],
    [
      `1 firing burst ${SESSION}: 2 against 1, at 1, by record 1 at 1, from 0 1`,
      `1 firing total ${SESSION}: 2 against 1, at 1, by record 1 at 1, from 0 1`,
      `1 resolved burst ${SESSION}: fence, opened by record 1 at 1`,
      `1 resolved total ${SESSION}: fence, opened by record 1 at 1`,
      `2 firing tenant ${TENANT}: 3 against 2, at 2, by record 2 at 2, from 0 1 2`,
      `3 firing burst ${SESSION}: 2 against 1, at 3, by record 3 at 3, from 2 3`,
      `3 firing total ${SESSION}: 2 against 1, at 3, by record 3 at 3, from 2 3`,
    ],
  ),
  example(
    'a fence holds whenever it is learned: before the records too',
    setup([burst]),
    [fence(session, 1), rec(0), rec(1), rec(2), rec(3)],
    [`3 firing burst ${SESSION}: 2 against 1, at 3, by record 3 at 3, from 2 3`],
  ),
  example(
    'age counts from the fence, and is judged only with an event after it',
    setup([age({ measure: { type: 'session_age', activeWithinMs: 200 } })]),
    [rec(0), advance(31), fence(session, 31), advance(80), rec(90)],
    [
      `31 firing age ${SESSION}: 31 against 30, at 31, by timer at 31, from 0`,
      `31 resolved age ${SESSION}: fence, opened by timer at 31`,
      `90 firing age ${SESSION}: 59 against 30, at 90, by record 1 at 90, from 1`,
    ],
  ),
  example(
    'idle is judged only with an event after the fence',
    setup([idle()]),
    [rec(0), fence(session, 0), advance(80), rec(90), advance(121)],
    [`121 firing idle ${SESSION}: 31 against 30, at 121, by timer at 121, from 1`],
  ),
  example(
    'lt waits for a whole window after what a fence left',
    setup([rule('quiet', { groupBy: ['tenant'], condition: { comparison: 'lt', threshold: 2 } })]),
    [rec(0), rec(300), rec(600), rec(700), fence({ kind: 'tenant', tenant: 'acme' }, 600), rec(1000), advance(2000)],
    [
      '1340 firing quiet tenant=acme: 1 against 2, at 1340, by timer at 1340, from 4',
      '1640 resolved quiet tenant=acme: condition, opened by timer at 1340',
    ],
  ),
  example(
    'a fence of a tool is of that tool of that tenant',
    setup([rule('tool', { groupBy: ['tool'] })]),
    [
      rec(0),
      fence({ kind: 'tool', tenant: 'bolt', pattern: 'mail.send' }, 0),
      fence({ kind: 'tool', tenant: null, pattern: 'mail.send' }, 0),
      rec(1),
      fence({ kind: 'tool', tenant: 'acme', pattern: 'mail.send' }, 0),
      rec(2),
    ],
    [
      '1 firing tool tenant=acme,tool=mail.send: 2 against 1, at 1, by record 1 at 1, from 0 1',
      '1 resolved tool tenant=acme,tool=mail.send: fence, opened by record 1 at 1',
      '2 firing tool tenant=acme,tool=mail.send: 2 against 1, at 2, by record 2 at 2, from 1 2',
    ],
  ),
];

export const examples: readonly Example[] = [
  ...clocks,
  ...seeing,
  ...keys,
  ...windowExamples,
  ...operations,
  ...loops,
  ...sessions,
  ...alerts,
  ...fences,
  ...boundExamples,
];
