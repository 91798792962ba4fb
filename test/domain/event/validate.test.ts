import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventJsonSchema, eventSchema } from '../../../src/domain/event/schema.ts';
import { validateEvent } from '../../../src/domain/event/validate.ts';
import { anyJson, eventLike, eventWith } from './arbitraries.ts';

/** `undefined` stands for a field that is not there: JSON has none. */
function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

describe('validateEvent', () => {
  it('accepts exactly what the schema accepts', () => {
    const value = fc.oneof(
      { weight: 3, arbitrary: eventLike(0) },
      { weight: 5, arbitrary: eventLike(3) },
      { weight: 1, arbitrary: eventLike(40) },
      { weight: 1, arbitrary: anyJson },
    );
    let accepted = 0;
    fc.assert(
      fc.property(value.map(asJson), (json) => {
        const rejection = validateEvent(json);
        if (rejection === null) accepted++;
        expect(rejection === null, JSON.stringify([rejection, json])).toBe(eventSchema.safeParse(json).success);
      }),
      { numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(500);
  });

  it('accepts nothing that the published JSON Schema refuses', () => {
    const published = new Ajv({ strict: false, validateFormats: false }).compile(eventJsonSchema());
    fc.assert(
      fc.property(eventLike(2).map(asJson), (json) => {
        if (validateEvent(json) === null) expect(published(json), JSON.stringify(json)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it.each<[law: string, fields: Record<string, unknown>]>([
    ['the least there must be is enough', {}],
    [
      'null is absence',
      { kind: null, phase: null, status: null, args: null, labels: null, cost_usd: null, call_id: null },
    ],
    ['an empty optional text is absence', { agent_id: '', call_id: '', idempotency_key: '', parent_session_id: '' }],
    ['only tool calls need a tool', { type: 'session_start', tool: null }],
    ['a blocked call is a call', { phase: 'call', status: 'blocked' }],
    ['an ok on a call is ignored', { phase: 'call', status: 'ok' }],
    ['256 bytes are an id', { session_id: 'é'.repeat(128) }],
    ['any name is fine in args', { args: JSON.parse('{"constructor":1,"__proto__":2,"":3}') }],
    ['any name is fine in labels', { labels: JSON.parse('{"constructor":"a","__proto__":"b"}') }],
    ['seconds are legal numbers: a time in 1970', { ts: 1_767_225_600 }],
  ])('accepts: %s', (_law, fields) => {
    expect(validateEvent(eventWith(fields))).toBeNull();
  });

  it.each<[field: string, value: unknown, reason: string]>([
    ['event_id', undefined, 'missing_field'],
    ['tenant_id', null, 'missing_field'],
    ['tool', '', 'missing_field'],
    ['session_id', '', 'invalid_field'],
    ['session_id', 'é'.repeat(129), 'invalid_field'],
    ['session_id', 'a\ud800', 'invalid_field'],
    ['tenant_id', 7, 'invalid_field'],
    ['agent_id', 'x'.repeat(1025), 'invalid_field'],
    ['parent_session_id', 'x'.repeat(257), 'invalid_field'],
    ['ts', -1, 'invalid_field'],
    ['ts', 8.64e15, 'invalid_field'],
    ['ts', 'yesterday', 'invalid_field'],
    ['type', 'tool', 'invalid_field'],
    ['kind', 'Write', 'invalid_field'],
    ['cost_usd', -0.01, 'invalid_field'],
    ['tokens_in', '12', 'invalid_field'],
    ['args', [], 'invalid_field'],
    ['labels', { team: 1 }, 'invalid_field'],
  ])('refuses a wrong %s (%j) and names it', (field, value, reason) => {
    const rejection = validateEvent(eventWith({ [field]: value }));
    expect(rejection?.reason).toBe(reason);
    expect(rejection?.detail).toMatch(new RegExp(`^${field} `));
  });

  it.each([
    ['é'.repeat(129), '1 to 256 bytes of well-formed UTF-8, but has 258'],
    ['a\ud800', '1 to 256 bytes of well-formed UTF-8, but has half a character (a lone surrogate)'],
    ['', '1 to 256 bytes of well-formed UTF-8, but is the empty string'],
  ])('says how an id is wrong, and never the id: %j', (session_id, words) => {
    expect(validateEvent(eventWith({ session_id }))?.detail).toBe(`session_id must be ${words}`);
  });

  it('refuses an outcome on a call: it has none yet', () => {
    const rejection = validateEvent(eventWith({ phase: 'call', status: 'error' }));
    expect(rejection?.detail).toBe('status must be one of ok, blocked on phase call, but is another string');
  });

  it('never quotes what the record says', () => {
    fc.assert(
      fc.property(fc.constantFrom('tenant_id', 'ts', 'tool', 'status', 'args', 'labels', 'cost_usd'), (field) => {
        const rejection = validateEvent(eventWith({ [field]: { secret: 's3cr3t-value' } }));
        expect(JSON.stringify(rejection)).not.toContain('s3cr3t');
      }),
    );
  });
});
