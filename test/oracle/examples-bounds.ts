import { type Example, example, gt, is, match, other, rec, rule, setup } from './build.ts';

/** Where memory ends, and what is looked up beyond a key, in docs/semantics.md. */

const SESSION = 'tenant=acme,session=s1';
const total = (above: number) =>
  rule('total', { measure: { type: 'session_total', field: 'actions' }, condition: gt(above) });
const loop = (above: number) =>
  rule('loop', { measure: { type: 'loop', fingerprint: ['args'], distinctOfLast: null }, condition: gt(above) });

export const boundExamples: readonly Example[] = [
  example(
    'the newest 1,024 ids of an open session are remembered',
    setup([total(1025)]),
    [
      ...Array.from({ length: 1025 }, (_, i) => rec(i, { event_id: `id ${i}` })),
      rec(1025, { event_id: 'id 1' }),
      rec(1026, { event_id: 'id 0' }),
    ],
    [`1026 firing total ${SESSION}: 1026 against 1025, at 1026, by record 1026 at 1026, from ${newest(1024, 1026)}`],
  ),
  example(
    'of a loop the 64 newest fingerprints are kept: by their newest call',
    setup([loop(2)]),
    [
      rec(0, { tool: 'a.read', args: { n: 0 } }),
      rec(1, { tool: 'a.read', args: { n: 1 } }),
      rec(2, { tool: 'a.read', args: { n: 0 } }),
      ...Array.from({ length: 63 }, (_, i) => rec(3 + i, { tool: 'a.read', args: { n: 2 + i } })),
      rec(66, { tool: 'a.read', args: { n: 1 } }),
      rec(67, { tool: 'a.read', args: { n: 1 } }),
      rec(68, { tool: 'a.read', args: { n: 0 } }),
      rec(69, { tool: 'a.read', args: { n: 1 } }),
    ],
    [`69 firing loop ${SESSION}: 3 against 2, at 69, by record 69 at 69, from 66 67 69`],
  ),
  example(
    'a session takes its own keys with it, not those of its tenant',
    setup([rule('tenant', { groupBy: ['tenant'] }), rule('tool', { groupBy: ['session', 'tool'], condition: gt(0) })]),
    [rec(0), other('session_end', 1), rec(2)],
    [
      `0 firing tool ${SESSION},tool=mail.send: 1 against 0, at 0, by record 0 at 0, from 0`,
      `1 resolved tool ${SESSION},tool=mail.send: ended, opened by record 0 at 0`,
      '2 firing tenant tenant=acme: 2 against 1, at 2, by record 2 at 2, from 0 2',
      `2 firing tool ${SESSION},tool=mail.send: 1 against 0, at 2, by record 2 at 2, from 2`,
    ],
  ),
  example(
    'a result marks the call of its session whatever its own key, tool or labels',
    setup([
      rule('dup', {
        measure: { type: 'duplicate_count', fingerprint: ['tool'], after: 'ok' },
        groupBy: ['labels.team'],
        match: match(is('args.to', 'a')),
        condition: gt(0),
      }),
    ]),
    [
      rec(0, { phase: 'call', call_id: 'c1', labels: { team: 'x' }, args: { to: 'a' } }),
      rec(1, { phase: 'result', call_id: 'c1', status: 'error' }),
      rec(2, { phase: 'result', call_id: 'c2', status: 'error', session_id: 's2' }),
      rec(3, { phase: 'call', call_id: 'c2', labels: { team: 'x' }, args: { to: 'a' } }),
      rec(4, { phase: 'call', call_id: 'c3', labels: { team: 'x' }, args: { to: 'a' } }),
    ],
    ['4 firing dup tenant=acme,labels.team=x: 1 against 0, at 4, by record 4 at 4, from 0 3 4, made by acme/s1'],
  ),
  example(
    'a late write changes nothing in a windowed loop',
    setup([{ ...loop(2), windowMs: 640 }]),
    [
      rec(1000, { tool: 'a.read' }),
      rec(1001, { tool: 'a.read' }),
      rec(1002, { tool: 'db.put', args: { n: 1 }, ts: 361 }),
      rec(1003, { tool: 'a.read' }),
    ],
    [`1003 firing loop ${SESSION}: 3 against 2, at 1003, by record 3 at 1003, from 0 1 3`],
  ),
];

/** Offsets of the newest 20 up to the last, without the one that did not count. */
function newest(before: number, last: number): string {
  return [...Array.from({ length: 19 }, (_, i) => before - 18 + i), last].join(' ');
}
