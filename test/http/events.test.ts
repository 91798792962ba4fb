import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createDecoder } from '../../src/domain/event/decode.ts';
import { SymbolTables } from '../../src/domain/event/symbol-tables.ts';
import { BURST, event, START, TOPICS } from '../daemon/rig.ts';
import { Api } from './rig.ts';

let api: Api;
beforeEach(async () => {
  api = await Api.open();
});
afterEach(() => api.world.dispose());

const NDJSON = { 'content-type': 'application/x-ndjson' };
const post = (said: Parameters<Api['ask']>[2]) => api.ask('POST', '/api/events', said);
const inLog = async () => (await api.world.records(TOPICS.events)).map(({ value }) => String(Buffer.from(value ?? [])));

describe('events come in', () => {
  test('one, as it was written, keyed by its tenant', async () => {
    const text = `{"ts":${START}, "event_id":"e1","tenant_id":"acme","session_id":"s","tool":"t","cost_usd":1.50}`;
    const { status, json } = await post({ text });
    expect([status, json]).toEqual([202, { accepted: 1 }]);
    expect(await inLog()).toEqual([text]);
    expect(String((await api.world.records(TOPICS.events))[0]?.key)).toBe('acme');
  });

  test('many, as an array or as lines, in order', async () => {
    const all = [event(START), event(START), event(START)];
    expect((await post({ body: all })).json).toEqual({ accepted: 3 });
    const text = `${all.map((one) => JSON.stringify(one)).join('\n\n')}\n`;
    expect((await post({ text, headers: NDJSON })).json).toEqual({ accepted: 3 });
    const written = all.map((one) => JSON.stringify(one));
    expect(await inLog()).toEqual([...written, ...written]);
  });

  test('as the daemon reads them where the topic holds CloudEvents', async () => {
    api.format = 'cloudevents';
    await post({ body: event(START) });
    const [record] = await api.world.records(TOPICS.events);
    const symbols = new SymbolTables([1, 2]);
    const decoder = createDecoder({ symbols, plan: BURST.plan, tools: { write: [], read: [] }, format: 'cloudevents' });
    expect(decoder.decode(record!.value!, record!.headers)).toBeNull();
  });
});

describe('all or nothing', () => {
  test.each([
    ['a body that is no JSON', { text: '{' }, /^the body is no JSON/],
    ['a wrong event', { body: event(START, { tenant_id: '' }) }, /^the event is no event: tenant_id must be 1 to 256 /],
    ['an event without a field', { body: { event_id: 'e' } }, /^the event is no event: tenant_id is missing$/],
    ['a wrong one among others', { body: [event(START), 7] }, /^event 2 is no event: the record must be a JSON object/],
    [
      'a wrong line',
      { text: `${JSON.stringify(event(START))}\n\n{"no":`, headers: NDJSON },
      /^line 3 is no event: it is no JSON text$/,
    ],
    ['an event that no topic takes', { body: event(START, { args: { x: 'x'.repeat(900_000) } }) }, /more than 900000/],
  ])('%s is named, and nothing goes in', async (_, said, detail) => {
    const { status, json } = await post(said);
    expect(status).toBe(400);
    expect(json.detail).toMatch(detail);
    expect(await inLog()).toEqual([]);
  });

  test('too much at once is refused before it is read', async () => {
    expect((await post({ text: `"${'x'.repeat(10 * 1024 * 1024)}"` })).status).toBe(413);
    const lines = `${JSON.stringify(event(START))}\n`.repeat(10_001);
    expect((await post({ text: lines, headers: NDJSON })).status).toBe(413);
    expect(await inLog()).toEqual([]);
  });

  test('a log that is away is 503: send them again', async () => {
    api.world.down.add(TOPICS.events);
    expect((await post({ body: event(START) })).status).toBe(503);
  });
});
