import fc from 'fast-check';

/** Objects that are mostly events: each field is right, absent, null or wrong. */

const id = fc.oneof(
  fc.string({ minLength: 1, maxLength: 20 }),
  fc.string({ minLength: 1, maxLength: 20, unit: 'binary' }),
  fc.constantFrom('x'.repeat(256), 'é'.repeat(128), '😀'.repeat(64)),
);
const text = fc.oneof(id, fc.constantFrom('', 'y'.repeat(1024)));
const wrongText = fc.constantFrom('', 'x'.repeat(257), 'é'.repeat(129), 'y'.repeat(1025), '€'.repeat(342), 'a\ud800');
const amount = fc.oneof(
  fc.double({ min: 0, max: 1e6, noNaN: true }),
  fc.nat(),
  fc.constantFrom(0, -0, 0.016653, 1e15, 1e300, 5e-324),
);
const time = fc.oneof(
  fc.integer({ min: 0, max: 8_639_999_999_999_999 }),
  fc.double({ min: 0, max: 2e12, noNaN: true }),
  fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }).map((date) => date.toISOString()),
  fc.constantFrom('2026-01-01T00:00:00+02:00', '2026-01-01 00:00:00.5Z'),
);
const wrongNumber = fc.constantFrom(-1, -0.5, 8.64e15, '2026-02-30T00:00:00Z', 'now', '7');
export const anyJson: fc.Arbitrary<unknown> = fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' });
const args = fc.oneof(
  { weight: 6, arbitrary: fc.dictionary(fc.string({ maxLength: 8 }), anyJson, { maxKeys: 6 }) },
  { weight: 3, arbitrary: fc.record({ to: anyJson, a: fc.record({ b: anyJson }) }, { requiredKeys: [] }) },
  { weight: 1, arbitrary: fc.constant(JSON.parse('{"__proto__":{"x":1},"constructor":"c","hasOwnProperty":null}')) },
);
const labels = fc.dictionary(fc.constantFrom('team', 'app.kubernetes.io/name', '__proto__', 'constructor'), text, {
  maxKeys: 3,
});
const type = fc.constantFrom('tool_call', 'llm_call', 'session_start', 'session_end');

/** @param wrong how often a field is something else, of a hundred */
function sometimes(field: fc.Arbitrary<unknown>, wrong: number): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 100 - wrong, arbitrary: field },
    { weight: wrong, arbitrary: fc.oneof(fc.constantFrom(null, true, { team: 1 }), wrongText, wrongNumber, anyJson) },
  );
}

export function eventLike(wrong: number): fc.Arbitrary<Record<string, unknown>> {
  const fields = {
    event_id: id,
    ts: time,
    tenant_id: id,
    session_id: id,
    tool: text,
    type,
    kind: fc.constantFrom('read', 'write'),
    phase: fc.constantFrom('call', 'result'),
    call_id: text,
    agent_id: text,
    run_id: text,
    parent_session_id: id,
    args,
    args_hash: text,
    idempotency_key: text,
    status: fc.constantFrom('ok', 'error', 'blocked', 'cancelled'),
    error_type: text,
    cost_usd: amount,
    tokens_in: amount,
    tokens_out: amount,
    latency_ms: amount,
    labels,
    something_else: anyJson,
  };
  const shaped = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, sometimes(field, wrong)]));
  return wrong === 0
    ? fc.record(shaped, { requiredKeys: ['event_id', 'ts', 'tenant_id', 'session_id', 'tool'] })
    : fc.record(shaped, { requiredKeys: [] });
}

/** The least that is a valid event, with something on top. */
export function eventWith(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return { event_id: 'e1', ts: 1_767_225_600_000, tenant_id: 'acme', session_id: 's1', tool: 'email.send', ...fields };
}
