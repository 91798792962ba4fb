import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Api, HOST } from './rig.ts';

let api: Api;
beforeEach(async () => {
  api = await Api.open();
});
afterEach(() => api.world.dispose());

const GLOBAL = '/api/global/switch';

describe('who may ask', () => {
  test.each([
    ['another name', 'evil.example:7070'],
    ['another port', '127.0.0.1:80'],
    ['no name', ''],
  ])('a Host that is %s is refused, whatever is asked', async (_, host) => {
    expect((await api.ask('GET', '/api/state', { headers: { host } })).status).toBe(421);
    expect((await api.ask('PUT', GLOBAL, { body: {}, headers: { host } })).status).toBe(421);
    expect(await api.world.stopped()).toEqual([]);
  });

  test.each(['127.0.0.1:7070', 'localhost:7070', 'LOCALHOST:7070', '[::1]:7070'])('%s is our name', async (host) => {
    expect((await api.ask('GET', '/healthz', { headers: { host } })).status).toBe(200);
  });

  test.each(['https://evil.example', 'null', 'http://127.0.0.1:8080', 'https://127.0.0.1:7070'])(
    'a page of %s is refused',
    async (origin) => {
      const { status, type } = await api.ask('PUT', GLOBAL, { body: {}, headers: { origin } });
      expect([status, type]).toEqual([403, 'application/problem+json']);
    },
  );

  test('our own page is not', async () => {
    expect((await api.ask('PUT', GLOBAL, { body: {}, headers: { origin: `http://${HOST}` } })).status).toBe(200);
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', ''])(
    'a change as %s is refused: a form can send that',
    async (type) => {
      const { status } = await api.ask('PUT', GLOBAL, { text: '{}', headers: { 'content-type': type } });
      expect(status).toBe(415);
      expect(await api.world.stopped()).toEqual([]);
    },
  );

  test('a change without a body that was validated changes nothing', async () => {
    const lines = { text: '{}', headers: { 'content-type': 'application/x-ndjson' } };
    expect((await api.ask('PUT', GLOBAL, lines)).status).toBe(415);
    expect((await api.ask('PUT', GLOBAL, { text: '' })).status).toBe(400);
    expect((await api.ask('PUT', GLOBAL, { text: '{"mode":' })).status).toBe(400);
    expect(await api.world.stopped()).toEqual([]);
  });
});

describe('nothing over HTTP lifts', () => {
  test.each([
    ['DELETE', '/api/global/switch'],
    ['DELETE', '/api/tenants/acme/switch'],
    ['DELETE', '/api/tools/email.send'],
    ['POST', '/api/sessions/s1/restore'],
  ])('%s %s is refused, with the command that does', async (method, path) => {
    await api.ask('PUT', GLOBAL, { body: {} });
    const { status, json } = await api.ask(method, path, { body: { reason: 'let me go' } });
    expect(status).toBe(403);
    expect(json.detail).toContain('sentinel restore');
    expect(await api.world.stopped()).toEqual(['global']);
  });
});

describe('what goes wrong', () => {
  test('is a problem document with one sentence', async () => {
    const { status, type, json } = await api.ask('PUT', GLOBAL, { body: { mode: 'sideways' } });
    expect([status, type]).toEqual([400, 'application/problem+json']);
    expect(json).toMatchObject({ type: 'about:blank', title: 'Bad Request', status: 400 });
    expect(json.detail).toBe('mode: expected stop_new_runs, disable_writes or stop_all');
  });

  test.each([
    [{ tll: '5m' }, 'the body has the unknown key "tll", did you mean ttl?'],
    [{ because: 'x' }, 'the body has the unknown key "because", expected some of mode, reason, ttl, inFlight'],
    [{ ttl: '5 minutes' }, 'ttl: expected a duration like 30m, above zero and up to 366d'],
    [{ ttl: '0s' }, 'ttl: expected a duration like 30m, above zero and up to 366d'],
    [{ ttl: '999d' }, 'ttl: expected a duration like 30m, above zero and up to 366d'],
  ])('a body like %j is told what was expected, and no failure of ours is logged', async (body, detail) => {
    const { status, json } = await api.ask('PUT', GLOBAL, { body });
    expect([status, json.detail]).toEqual([400, detail]);
    expect((await api.ask('PUT', GLOBAL, { text: '{mode}' })).status).toBe(400);
    expect(api.failures).toEqual([]);
  });

  const KILL = '/api/sessions/s1/kill';
  const TOOL = '/api/tools/email.send';
  test.each([
    ['POST', KILL, { mode: 'stop_all' }, 'mode', 'tenantId, reason, inFlight'],
    ['PUT', GLOBAL, { tenantId: 'acme' }, 'tenantId', 'mode, reason, ttl, inFlight'],
    ['PUT', TOOL, { mode: 'stop_all' }, 'mode', 'tenantId, reason, ttl'],
    ['PUT', TOOL, { inFlight: 'cancel' }, 'inFlight', 'tenantId, reason, ttl'],
  ])('a key of another body is told with those of this one: %s %s %j', async (method, path, body, key, keys) => {
    const { status, json } = await api.ask(method, path, { body });
    expect([status, json.detail]).toEqual([400, `the body has the unknown key "${key}", expected some of ${keys}`]);
  });

  const ID = 'a text of 1 to 256 bytes of well-formed UTF-8';
  const OBJECT = 'an object with some of tenantId, reason, inFlight';
  test.each([
    [[], `the body: expected ${OBJECT}`],
    [null, `the body: expected ${OBJECT}`],
    ['s1', `the body: expected ${OBJECT}`],
    [{ tenantId: 3 }, `tenantId: expected ${ID}`],
    [{ tenantId: '' }, `tenantId: expected ${ID}`],
    [{ tenantId: 'x'.repeat(257) }, `tenantId: expected ${ID}`],
    [{ reason: 7 }, 'reason: expected a text of 1 to 1000 characters'],
    [{ reason: ' ' }, 'reason: expected a text of 1 to 1000 characters'],
    [{ reason: 'x'.repeat(1_001) }, 'reason: expected a text of 1 to 1000 characters'],
    [{ inFlight: null }, 'inFlight: expected finish or cancel'],
  ])('a value is told what was expected of it, however it is wrong: %j', async (body, detail) => {
    const { status, json } = await api.ask('POST', KILL, { text: JSON.stringify(body) });
    expect([status, json.detail]).toEqual([400, detail]);
  });

  test.each(['x', '0', '1.5', '1001', '', '1&limit=2'])('so is a limit of %j', async (limit) => {
    const { status, json } = await api.ask('GET', `/api/audit?limit=${limit}`);
    expect([status, json.detail]).toEqual([400, 'limit: expected a whole number from 1 to 1000']);
  });

  test('so is a body that is no JSON, or of a type that the path does not take', async () => {
    const told = async (said: object) => (await api.ask('PUT', GLOBAL, said)).json.detail;
    expect(await told({ text: '{mode' })).toBe('the body is no JSON, expected an object, {} at least');
    const lines = { text: '{}', headers: { 'content-type': 'application/x-ndjson' } };
    expect(await told(lines)).toBe('expected content-type: application/json');
  });

  test('an unknown field is refused: a misspelt ttl must not become a stop for good', async () => {
    expect((await api.ask('PUT', GLOBAL, { body: { tll: '5m' } })).status).toBe(400);
    expect(await api.world.stopped()).toEqual([]);
  });

  test('an unknown path says where to look', async () => {
    const { status, json } = await api.ask('GET', '/nothing');
    expect([status, json.detail]).toEqual([404, 'there is nothing at /nothing; GET /openapi.json tells what there is']);
  });

  test('a store that is away is 503, and says so', async () => {
    api.world.down.add('store');
    const { status, json } = await api.ask('PUT', GLOBAL, { body: {} });
    expect([status, json.detail]).toEqual([503, 'store is away']);
  });

  test('a failure of ours shows nothing of its inside, and is logged', async () => {
    api.world.audit = () => Promise.reject(new Error('secret inside'));
    const { status, text } = await api.ask('GET', '/api/audit');
    expect(status).toBe(500);
    expect(text).not.toContain('secret');
    expect(api.failures).toEqual(['GET /api/audit failed: secret inside']);
  });
});

describe('what is told', () => {
  test('readiness, with every reason why not', async () => {
    expect((await api.ask('GET', '/readyz')).status).toBe(200);
    api.readiness = { ready: false, problems: { log: 'Kafka is away' }, notices: {} };
    const { status, json } = await api.ask('GET', '/readyz');
    expect([status, json.problems]).toEqual([503, { log: 'Kafka is away' }]);
  });

  test('metrics, as Prometheus reads them', async () => {
    const { text, type } = await api.ask('GET', '/metrics');
    expect([text, type.split(';')[0]]).toEqual(['sentinel_up 1\n', 'text/plain']);
  });

  test('what is stopped, and what is not any more is not', async () => {
    await api.ask('PUT', '/api/tenants/acme/switch', { body: { mode: 'stop_all', reason: 'why' } });
    const { json } = await api.ask('GET', '/api/state');
    expect(json).toMatchObject({
      epoch: expect.any(String),
      more: false,
      scopes: [{ scope: 'tenant:acme', state: { mode: 'stop_all', reason: 'why', actor: { id: 'http' } } }],
    });
  });

  test('the API itself', async () => {
    const { status, json } = await api.ask('GET', '/openapi.json');
    expect(status).toBe(200);
    expect(json.openapi).toMatch(/^3\./);
    expect(Object.keys(json.paths as object).sort()).toEqual([
      ...['/api/audit', '/api/events', '/api/global/switch', '/api/sessions/{id}/kill', '/api/state'],
      ...['/api/tenants/{id}/switch', '/api/tools/{tool}'],
    ]);
    expect(dangling(json)).toEqual([]);
  });
});

/** References to schemas that are not there. */
function dangling(document: Record<string, unknown>): string[] {
  const { components } = document as { components: { schemas: Record<string, unknown> } };
  const references = JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g);
  return [...references].map(([, name]) => name as string).filter((name) => !(name in components.schemas));
}
