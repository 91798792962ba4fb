import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDecoder, type Decoder } from '../../../src/domain/event/decode.ts';
import { DecodedView } from '../../../src/domain/event/decoded-view.ts';
import { EventScanner } from '../../../src/domain/event/scan.ts';
import { slotTrees } from '../../../src/domain/event/slots.ts';
import { SymbolTables } from '../../../src/domain/event/symbol-tables.ts';
import type { EventView, FieldPlan } from '../../../src/domain/event/view.ts';
import { eventLike, eventWith } from './arbitraries.ts';
import { type Damage, damaged, tape, writeJson } from './json-styles.ts';

const KEY = [0xdecafbad, 0x0ddba115];
const TOOLS = { write: ['email.*'], read: ['*.get', 'x*'] };
const PLANS: readonly FieldPlan[] = [
  { slots: [], args: true },
  { slots: [], args: false },
  {
    slots: ['args.to', 'args.a.b', 'labels.team', 'args.a', 'labels.app.kubernetes.io/name', 'args.__proto__'],
    args: true,
  },
  { slots: ['args.to', 'labels.constructor', 'args.path', 'args.constructor.name'], args: false },
];
const TRACES = readFileSync(new URL('./fixtures/traces.ndjson', import.meta.url))
  .toString()
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => Buffer.from(line));

/** Everything that a view says, as plain data. */
function contents(view: EventView): unknown {
  const { type, phase, status, write, ts, tenant, session, agent, tool, errorType } = view;
  const { cost, tokensIn, tokensOut, latency, eventLo, eventHi, callLo, callHi } = view;
  const { argsLo, argsHi, idempotencyLo, idempotencyHi, slots, slotLo, slotHi } = view;
  return [
    [type, phase, status, write, ts, tenant, session, agent, tool, errorType, cost, tokensIn, tokensOut, latency],
    [eventLo, eventHi, callLo, callHi, argsLo, argsHi, idempotencyLo, idempotencyHi, view.eventIdText()],
    [[...slots], [...slotLo], [...slotHi]],
  ];
}

/** One decoder that scans and one that does not, over tables of the same key. */
function bothWays(plan: FieldPlan): (bytes: Uint8Array) => boolean {
  const make = (scan: boolean): Decoder =>
    createDecoder({ symbols: new SymbolTables(KEY), plan, tools: TOOLS, format: 'json', scan });
  const [fast, plain] = [make(true), make(false)];
  return (bytes) => {
    const rejection = plain.decode(bytes);
    expect(fast.decode(bytes), String(Buffer.from(bytes))).toEqual(rejection);
    if (rejection === null) expect(contents(fast.view), String(Buffer.from(bytes))).toEqual(contents(plain.view));
    return rejection === null;
  };
}

const choices = fc.array(fc.nat(1000), { minLength: 20, maxLength: 60 });
const damage: fc.Arbitrary<Damage> = fc.record({
  kind: fc.constantFrom('replace', 'replace', 'insert', 'delete', 'cut'),
  where: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  byte: fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('{}[]",:\\u0-.eE tn\0\n'))),
});

describe.each(PLANS)('the scanner and the plain way, for %j', (plan) => {
  it('agree on real events', () => {
    const agree = bothWays(plan);
    for (const line of TRACES) expect(agree(line)).toBe(true);
  });

  it('agree on valid events, however they are written', () => {
    const agree = bothWays(plan);
    fc.assert(
      fc.property(eventLike(0), choices, (event, tapeOf) => {
        agree(Buffer.from(writeJson(event, tape(tapeOf))));
      }),
      { numRuns: 500 },
    );
  });

  it('agree on events with wrong fields and damaged bytes', () => {
    const agree = bothWays(plan);
    const record = fc.oneof(
      fc.tuple(eventLike(3), choices).map(([event, tapeOf]) => Buffer.from(writeJson(event, tape(tapeOf)))),
      fc.constantFrom(...TRACES.slice(0, 20)),
    );
    fc.assert(
      fc.property(record, fc.array(damage, { maxLength: 2 }), (bytes, damages) => {
        agree(damaged(bytes, damages));
      }),
      { numRuns: 1500 },
    );
  });

  it.each([
    ['a byte order mark', '\ufeff{"event_id":"e","ts":1,"tenant_id":"t","session_id":"s","tool":"x"}'],
    ['a double field', JSON.stringify(eventWith({})).replace('{', '{"tenant_id":"other",')],
    ['a double argument', JSON.stringify(eventWith({ args: { to: 1 } })).replace('"to":1', '"to":2,"to":1')],
    ['a double nested argument', JSON.stringify(eventWith({ args: { a: { b: 1 } } })).replace('"b":1', '"b":{},"b":1')],
    [
      'a double label',
      JSON.stringify(eventWith({ labels: { team: 'a' } })).replace('"team":"a"', '"team":"b","team":"a"'),
    ],
    [
      'an argument written twice in two ways',
      '{"event_id":"e","ts":1,"tenant_id":"t","session_id":"s","tool":"x","args":{"to":1,"t\\u006f":2}}',
    ],
    ['an escaped id', JSON.stringify(eventWith({})).replace('acme', '\\u0061cme')],
    ['an escaped field name', JSON.stringify(eventWith({})).replace('tenant_id', 'tenan\\u0074_id')],
    [
      'a hundred arguments',
      JSON.stringify(eventWith({ args: Object.fromEntries([...Array(100).keys()].map((i) => [i, i])) })),
    ],
    [
      'numbers beyond doubles',
      JSON.stringify(eventWith({ args: { to: 1 } })).replace(
        '"to":1',
        '"to":[1e400,-1e400,123456789012345678901234567890,0.1234567890123456789e-5,1e-400]',
      ),
    ],
    ['a cost beyond doubles', JSON.stringify(eventWith({ cost_usd: 1 })).replace('"cost_usd":1', '"cost_usd":1e999')],
    [
      'surrogates of all kinds',
      JSON.stringify(eventWith({ args: { to: '\ud83d\ude00\ud83d\ud83d\ude00\ude00x\ud800' } })),
    ],
    [
      'escaped surrogates',
      JSON.stringify(eventWith({ args: { to: 1 } })).replace('"to":1', '"to":"\\ud83d\\ude00\\ud83d\\n\\uDE00\\u0000"'),
    ],
    ['members that begin like fields', JSON.stringify(eventWith({ t: 1, tsx: 2, tenant_idx: 3, tenant_i: 4, '': 5 }))],
    ['white space at the ends', ` \n${JSON.stringify(eventWith({}))}\t\r `],
    ['something behind the end', `${JSON.stringify(eventWith({}))}x`],
    ['a zero byte behind the end', `${JSON.stringify(eventWith({}))}\0`],
    ['two events', `${JSON.stringify(eventWith({}))}${JSON.stringify(eventWith({}))}`],
    ['numbers with leading zeros', JSON.stringify(eventWith({ tokens_in: 7 })).replace(':7', ':007')],
    ['nothing', ''],
  ])('agree on %s', (_what, text) => {
    bothWays(plan)(Buffer.from(text));
  });

  it.each([
    ['overlong', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['cut off', [0xe2, 0x82]],
    ['beyond Unicode', [0xf4, 0x90, 0x80, 0x80]],
  ])('refuse bytes that are no UTF-8, wherever they are: %s', (_what, bytes) => {
    for (const place of ['acme', 'email.send', 'here', 'there']) {
      const [before, after] = JSON.stringify(eventWith({ args: { to: 'here' }, other: 'there' })).split(place) as [
        string,
        string,
      ];
      const agree = bothWays(plan);
      expect(agree(Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]))).toBe(false);
    }
  });

  it('agree at the limit of nesting and beyond', () => {
    const nested = (levels: number, open: string, close: string) => open.repeat(levels) + close.repeat(levels);
    for (const field of ['args', 'other', 'args_hash']) {
      for (const levels of [125, 126, 127, 128, 5000]) {
        for (const value of [`{"to":${nested(levels, '[', ']')}}`, `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`]) {
          const accepted = bothWays(plan)(
            Buffer.from(JSON.stringify(eventWith({ [field]: 0 })).replace(`"${field}":0`, `"${field}":${value}`)),
          );
          if (field === 'other') expect(accepted).toBe(levels <= (value.includes('[') ? 126 : 127));
        }
      }
    }
  });
});

describe('the scanner', () => {
  it('leaves no ordinary event to the plain way', () => {
    const symbols = new SymbolTables(KEY);
    const view = new DecodedView(symbols, TOOLS);
    const trees = slotTrees(PLANS[2]!);
    view.setSlotCount(trees.count);
    const scanner = new EventScanner(view, symbols.hasher, trees);
    for (const line of TRACES) expect(scanner.scan(line), line.toString()).toBe(true);
    const everything = eventWith({
      ts: '2026-01-01T00:00:00Z',
      args: { é: [1.5e3, null, true, 'a\\b\u2028'] },
      labels: { team: 'ü' },
    });
    expect(scanner.scan(Buffer.from(JSON.stringify(everything, null, 2)))).toBe(true);
  });

  it('changes no symbol table for a record that is refused', () => {
    const symbols = new SymbolTables(KEY);
    const decoder = createDecoder({ symbols, plan: PLANS[0]!, tools: TOOLS, format: 'json' });
    const before = symbols.snapshot();
    for (const bad of [{ ts: -1 }, { status: 'error', phase: 'call' }, { tool: '' }]) {
      expect(decoder.decode(Buffer.from(JSON.stringify(eventWith(bad))))).not.toBeNull();
    }
    const latin1 = Buffer.from(JSON.stringify(eventWith({ agent_id: 'é' })), 'latin1');
    expect(decoder.decode(latin1)?.reason).toBe('not_utf8');
    expect(symbols.snapshot()).toEqual(before);
  });
});
