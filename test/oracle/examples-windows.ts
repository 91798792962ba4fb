import { advance, type Example, example, gt, lt, rec, rule, setup } from './build.ts';

/** "Windows" and `value_sum` of docs/semantics.md. Windows are 640 ms here, so a slice is 10 ms. */

const SESSION = 'tenant=acme,session=s1';
const TENANT = 'tenant=acme';

const burst = (above: number) => rule('burst', { condition: gt(above) });
const cost = (above: number) =>
  rule('cost', { measure: { type: 'value_sum', field: 'cost_usd' }, condition: gt(above) });
const many = (count: number, ts: (index: number) => number, appendedAt: (index: number) => number = ts) =>
  Array.from({ length: count }, (_, i) => rec(appendedAt(i), { ts: ts(i) }));

export const windowExamples: readonly Example[] = [
  example(
    'the window holds what is newer than clock - W: at W the first is gone',
    setup([burst(1)]),
    [rec(0), rec(640), rec(641)],
    [`641 firing burst ${SESSION}: 2 against 1, at 641, by record 2 at 641, from 1 2`],
  ),
  example(
    'until the next record the clock runs on with the horizon',
    setup([burst(1)]),
    [rec(0), rec(100), advance(639), advance(640)],
    [
      `100 firing burst ${SESSION}: 2 against 1, at 100, by record 1 at 100, from 0 1`,
      `640 resolved burst ${SESSION}: condition, opened by record 1 at 100`,
    ],
  ),
  example(
    'a producer whose clock is behind is judged like any other',
    setup([burst(1)]),
    [rec(100_000, { ts: 0 }), rec(100_100, { ts: 100 }), advance(100_640)],
    [
      `100100 firing burst ${SESSION}: 2 against 1, at 100, by record 1 at 100100, from 0 1`,
      `100640 resolved burst ${SESSION}: condition, opened by record 1 at 100100`,
    ],
  ),
  example(
    'a record may set the clock back, the lower bound stays: what is at or below it is late',
    setup([burst(3)]),
    [
      rec(0),
      rec(500, { ts: 400 }),
      rec(800, { ts: 410 }),
      rec(801, { ts: 60 }),
      rec(802, { ts: 61 }),
      rec(803, { ts: 411 }),
    ],
    [`803 firing burst ${SESSION}: 4 against 3, at 411, by record 5 at 803, from 4 1 2 5`],
  ),
  example(
    "a late event changes nothing: not even its key's clock",
    setup([burst(1)]),
    [rec(1000), rec(1100, { ts: 360 }), rec(1200, { ts: 460 }), rec(1300, { ts: 661 })],
    [`1300 firing burst ${SESSION}: 2 against 1, at 1000, by record 3 at 1300, from 3 0`],
  ),
  example(
    'an event out of order is inserted at its own time and judged at the clock',
    setup([burst(2)]),
    [rec(100), rec(200), rec(201, { ts: 150 })],
    [`201 firing burst ${SESSION}: 3 against 2, at 200, by record 2 at 201, from 0 2 1`],
  ),
  example(
    'a key whose window is empty is forgotten, clock included',
    setup([burst(1)]),
    [rec(5000), rec(5640, { ts: 10 }), rec(5650, { ts: 20 })],
    [`5650 firing burst ${SESSION}: 2 against 1, at 20, by record 2 at 5650, from 1 2`],
  ),
  example(
    'beyond 256 an entry counts while its slice is wholly inside',
    setup([burst(260)]),
    [...many(262, (i) => i * 2), advance(640)],
    [
      // 256 exact from the 261st on; entries 0 to 4 fill slice 0, which is never wholly newer than a lower bound at or above 0.
      `520 firing burst ${SESSION}: 261 against 260, at 520, by record 260 at 520, from ${range(241, 260)}`,
      // At 639 the lower bound is -1, at 640 it is 0: slice 0 goes as a whole, with 5 + 1 pushed out entries (0 to 5, the last of slice 1).
      `640 resolved burst ${SESSION}: condition, opened by record 260 at 520`,
    ],
  ),
  example(
    'lt is judged from the moment when the window reaches back to the first event, and never on a forgotten key',
    setup([rule('quiet', { groupBy: ['tenant'], condition: lt(2) })]),
    [rec(0), rec(100), rec(300), advance(800), advance(2000)],
    [
      `740 firing quiet ${TENANT}: 1 against 2, at 740, by timer at 740, from 2`,
      `940 resolved quiet ${TENANT}: condition, opened by timer at 740`,
    ],
  ),
  example(
    'value_sum is exact in billionths of a dollar',
    setup([cost(0.3)]),
    [rec(0, { cost_usd: 0.1 }), rec(1, { cost_usd: 0.2 }), rec(2, { cost_usd: 0.000000001 })],
    [`2 firing cost ${SESSION}: 0.300000001 against 0.3, at 2, by record 2 at 2, from 0 1 2`],
  ),
  example(
    'absent, null and zero are no entries; nor is what rounds to zero',
    setup([cost(0.4)]),
    [
      rec(0, { cost_usd: 0.5 }),
      rec(639, { cost_usd: 0 }),
      rec(640, { cost_usd: null }),
      rec(641, { cost_usd: 1e-12 }),
      rec(642),
      advance(700),
    ],
    [
      `0 firing cost ${SESSION}: 0.5 against 0.4, at 0, by record 0 at 0, from 0`,
      `640 resolved cost ${SESSION}: condition, opened by record 0 at 0`,
    ],
  ),
  example(
    'sums saturate, and what leaves is not taken from the saturated sum',
    setup([cost(9_000_000)]),
    [rec(0, { cost_usd: 1e15 }), rec(1, { cost_usd: 9_000_001 }), rec(639, { cost_usd: 1 }), rec(641, { cost_usd: 1 })],
    [
      `0 firing cost ${SESSION}: 9007199.25474099 against 9000000, at 0, by record 0 at 0, from 0`,
      `641 resolved cost ${SESSION}: condition, opened by record 0 at 0`,
    ],
  ),
];

function range(from: number, to: number): string {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i).join(' ');
}
