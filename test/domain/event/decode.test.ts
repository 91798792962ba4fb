import { describe, expect, it } from 'vitest';
import { createDecoder, type Decoder, type DecoderOptions } from '../../../src/domain/event/decode.ts';
import { SymbolTables } from '../../../src/domain/event/symbol-tables.ts';
import { EventType, Phase, Status } from '../../../src/domain/event/view.ts';
import { eventWith } from './arbitraries.ts';

const symbols = new SymbolTables([3, 4]);

function decoder(options: Partial<DecoderOptions> = {}): Decoder {
  const plan = { slots: [], args: true };
  return createDecoder({ symbols, plan, tools: { write: ['email.*'], read: ['*.get'] }, format: 'json', ...options });
}

function bytes(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

describe('Decoder', () => {
  it('fills the view from every field', () => {
    const reader = decoder();
    const event = {
      ...eventWith({ ts: '2026-01-01T00:00:00.250Z', type: 'tool_call', phase: 'result', status: 'error' }),
      ...{
        kind: 'read',
        agent_id: 'a1',
        error_type: 'timeout',
        call_id: 'c1',
        idempotency_key: 'k1',
        args: { to: 'x' },
      },
      ...{ cost_usd: 0.016653, tokens_in: 4366, tokens_out: 237.5, latency_ms: 0 },
    };
    expect(reader.decode(bytes(event))).toBeNull();
    const { view } = reader;
    expect(view).toMatchObject({ type: EventType.toolCall, phase: Phase.result, status: Status.error, write: true });
    expect(view).toMatchObject({
      ts: 1_767_225_600_250,
      cost: 16_653_000,
      tokensIn: 4_366_000,
      tokensOut: 237_500,
      latency: 0,
    });
    expect(symbols.tenants.text(view.tenant)).toBe('acme');
    expect(symbols.sessions.text(view.session)).toBe('s1');
    expect(symbols.sessions.tenant(view.session)).toBe(view.tenant);
    expect(symbols.agents.text(view.agent)).toBe('a1');
    expect(symbols.tools.text(view.tool)).toBe('email.send');
    expect(symbols.errorTypes.text(view.errorType)).toBe('timeout');
    expect(view.eventIdText()).toBe('e1');
    for (const hash of [view.eventHi, view.callHi, view.argsHi, view.idempotencyHi]) expect(hash).toBeGreaterThan(0);
  });

  it('forgets the event before: what is absent is 0, NaN and the default', () => {
    const reader = decoder({ plan: { slots: ['args.to'], args: true } });
    const full = {
      agent_id: 'a',
      error_type: 'e',
      call_id: 'c',
      idempotency_key: 'k',
      args: { to: 1 },
      cost_usd: 1,
      status: 'error',
    };
    reader.decode(
      bytes(eventWith({ ...full, tokens_in: 1, tokens_out: 1, latency_ms: 1, phase: 'result', kind: 'write' })),
    );
    expect(reader.decode(bytes(eventWith({ type: 'llm_call', tool: null })))).toBeNull();
    const { view } = reader;
    expect(view).toMatchObject({
      type: EventType.llmCall,
      phase: Phase.whole,
      status: Status.ok,
      write: false,
      tool: 0,
      agent: 0,
    });
    expect([view.errorType, view.callLo, view.callHi, view.idempotencyLo, view.idempotencyHi]).toEqual([0, 0, 0, 0, 0]);
    expect([view.cost, view.tokensIn, view.tokensOut, view.latency]).toEqual([NaN, NaN, NaN, NaN]);
    expect([view.slots[0], view.slotLo[0], view.slotHi[0]]).toEqual([undefined, 0, 0]);
  });

  it('saturates sums where integers stop being exact', () => {
    const reader = decoder();
    reader.decode(bytes(eventWith({ cost_usd: 1e300, tokens_in: Number.MAX_SAFE_INTEGER, tokens_out: 1e-4 })));
    expect(reader.view).toMatchObject({
      cost: Number.MAX_SAFE_INTEGER,
      tokensIn: Number.MAX_SAFE_INTEGER,
      tokensOut: 0,
    });
  });

  it('hashes event ids by phase, so that a call and its result both count', () => {
    const reader = decoder();
    const hashes = [{}, { phase: 'call' }, { phase: 'result' }, { event_id: 'e2' }, {}].map((fields) => {
      reader.decode(bytes(eventWith(fields)));
      return `${reader.view.eventLo}:${reader.view.eventHi}`;
    });
    expect(new Set(hashes).size).toBe(4);
    expect(hashes[4]).toBe(hashes[0]);
  });

  it('takes args_hash where args may not leave the gateway, and args where both are there', () => {
    const reader = decoder();
    const hash = (fields: Record<string, unknown>) => {
      reader.decode(bytes(eventWith(fields)));
      return `${reader.view.argsLo}:${reader.view.argsHi}`;
    };
    expect(hash({ args_hash: 'h1' })).toBe(hash({ args_hash: 'h1', args: null }));
    expect(hash({ args_hash: 'h1' })).not.toBe(hash({ args_hash: 'h2' }));
    expect(hash({ args: { a: 1 }, args_hash: 'h1' })).toBe(hash({ args: { a: 1 } }));
    expect(hash({ args: {} })).toBe(hash({}));
    expect(hash({ args: {}, args_hash: 'h1' })).toBe(hash({}));
  });

  it('puts scalars into slots, and of objects and arrays only the hash', () => {
    const slots = ['args.to', 'args.a.b', 'args.a', 'labels.app.kubernetes.io/name', 'args.list.0'];
    const reader = decoder({ plan: { slots, args: false } });
    const args = { to: 'bob', a: { b: false }, 'a.b': 1, list: ['x'] };
    reader.decode(bytes(eventWith({ args, labels: { 'app.kubernetes.io/name': 'mailer' } })));
    expect(reader.view.slots).toEqual(['bob', false, undefined, 'mailer', undefined]);
    expect([...reader.view.slotHi].map((hi) => hi !== 0)).toEqual([true, true, true, true, false]);
    expect(reader.view.argsHi).toBe(0);
  });

  it('gives equal values of a slot equal hashes, in whatever event', () => {
    const reader = decoder({ plan: { slots: ['args.to'], args: false } });
    const hash = (args: object) => {
      reader.decode(bytes(eventWith({ args })));
      return `${reader.view.slotLo[0]}:${reader.view.slotHi[0]}`;
    };
    expect(hash({ to: { x: 1, y: 2 }, other: 1 })).toBe(hash({ to: { y: 2, x: 1 } }));
    expect(hash({ to: 1 })).not.toBe(hash({ to: '1' }));
  });

  it('reads what another plan needs from the next event on', () => {
    const reader = decoder();
    reader.setPlan({ slots: ['args.to'], args: false });
    reader.decode(bytes(eventWith({ args: { to: 7 } })));
    expect([reader.view.slots, reader.view.argsHi]).toEqual([[7], 0]);
    reader.setPlan({ slots: [], args: true });
    reader.decode(bytes(eventWith({ args: { to: 7 } })));
    expect([reader.view.slots, reader.view.argsHi > 0]).toEqual([[], true]);
  });

  it.each<[law: string, fields: Record<string, unknown>, write: boolean]>([
    ['a listed write is a write, whatever the event says', { tool: 'email.send', kind: 'read' }, true],
    ['a listed read is a read', { tool: 'crm.get' }, false],
    ['the event makes a listed read a write', { tool: 'crm.get', kind: 'write' }, true],
    ['the event says that an unlisted tool reads', { tool: 'bash', kind: 'read' }, false],
    ['an unlisted tool is a write', { tool: 'bash' }, true],
    ['only tool calls write', { type: 'session_start', tool: 'bash', kind: 'write' }, false],
  ])('%s', (_law, fields, write) => {
    const reader = decoder();
    for (let again = 0; again < 2; again++) {
      expect(reader.decode(bytes(eventWith(fields)))).toBeNull();
      expect(reader.view.write).toBe(write);
    }
  });

  it.each([
    ['not_json', Buffer.from('')],
    ['not_json', Buffer.from('{"event_id":')],
    ['not_utf8', Buffer.from([0x22, 0xff, 0x22])],
    ['not_object', Buffer.from('[]')],
    ['not_object', Buffer.from('null')],
    ['too_deep', Buffer.from(`${'['.repeat(400_000)}${']'.repeat(400_000)}`)],
    ['too_large', Buffer.alloc(1024 * 1024 + 1, ' ')],
    ['missing_field', bytes({})],
    ['invalid_field', bytes(eventWith({ ts: 'x' }))],
  ])('refuses with %s', (reason, record) => {
    expect(decoder().decode(record)?.reason).toBe(reason);
  });

  it('says where JSON breaks, but never what stands there', () => {
    const rejection = decoder().decode(Buffer.from('{"args":{"password":s3cr3t}}'));
    expect(rejection?.reason).toBe('not_json');
    expect(rejection?.detail).not.toContain('s3cr3t');
  });

  it('reads a value that was parsed already', () => {
    const reader = decoder();
    expect(reader.decodeValue(eventWith({ args: { a: 1 } }))).toBeNull();
    const parsed = [reader.view.session, reader.view.argsLo, reader.view.argsHi];
    reader.decode(bytes(eventWith({ args: { a: 1 } })));
    expect([reader.view.session, reader.view.argsLo, reader.view.argsHi]).toEqual(parsed);
    expect(reader.decodeValue([])?.reason).toBe('not_object');
  });
});

describe('Decoder of CloudEvents', () => {
  const envelope = { specversion: '1.0', id: '1', source: '/gw', type: 'agent.tool-call' };

  it('reads the event in data', () => {
    const reader = decoder({ format: 'cloudevents' });
    expect(reader.decode(bytes({ ...envelope, data: eventWith({}) }))).toBeNull();
    expect(reader.view.eventIdText()).toBe('e1');
  });

  it('reads a value as the event itself when the attributes are headers', () => {
    const reader = decoder({ format: 'cloudevents' });
    expect(reader.decode(bytes(eventWith({})), { ce_specversion: Buffer.from('1.0') })).toBeNull();
    expect(reader.view.eventIdText()).toBe('e1');
  });

  it.each([
    ['an event without an envelope', eventWith({})],
    ['an envelope without data', envelope],
    ['data that is no object', { ...envelope, data: 'text' }],
  ])('refuses %s', (_what, value) => {
    expect(decoder({ format: 'cloudevents' }).decode(bytes(value))?.reason).toBe('not_cloudevent');
  });

  it('refuses what is wrong inside of data, by the name of the field', () => {
    const rejection = decoder({ format: 'cloudevents' }).decode(bytes({ ...envelope, data: eventWith({ ts: null }) }));
    expect(rejection).toEqual({ reason: 'missing_field', detail: 'ts is missing' });
  });
});
