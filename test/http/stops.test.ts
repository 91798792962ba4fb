import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Api } from './rig.ts';

let api: Api;
beforeEach(async () => {
  api = await Api.open();
});
afterEach(() => api.world.dispose());

const kill = (session: string, body: object = {}, headers: object = {}) =>
  api.ask('POST', `/api/sessions/${session}/kill`, { body, headers });

describe('killing a session', () => {
  test('of a tenant that is named', async () => {
    const { status, json } = await kill('s1', { tenantId: 'acme', reason: 'runaway' });
    expect([status, json]).toEqual([200, { status: 'terminated', sessionId: 's1', tenantId: 'acme' }]);
    expect(await api.world.stopped()).toEqual(['session:acme:s1']);
  });

  test('finds its tenant where guards registered it, or where it is active', async () => {
    await api.world.store.registerSession('acme', 's1', null);
    expect((await kill('s1')).json.tenantId).toBe('acme');
    api.active.set('s2', ['bolt']);
    expect((await kill('s2')).json.tenantId).toBe('bolt');
  });

  test('that several tenants have is ambiguous: none is killed', async () => {
    await api.world.store.registerSession('acme', 's1', null);
    api.active.set('s1', ['bolt', 'acme']);
    const { status, json } = await kill('s1');
    expect([status, json.detail]).toEqual([
      409,
      '2 tenants have a session with this id; name its tenant: {"tenantId": "…"}',
    ]);
    expect(await api.world.stopped()).toEqual([]);
  });

  test('that nobody has seen is not found, with the way to name it', async () => {
    const { status, json } = await kill('s1');
    expect([status, json.detail]).toEqual([
      404,
      'no session with this id was seen; name its tenant: {"tenantId": "…"}',
    ]);
  });

  test('takes any id, and no text that is none', async () => {
    expect((await kill(encodeURIComponent('a/b:c %é'), { tenantId: 'x:y' })).status).toBe(200);
    expect(await api.world.stopped()).toEqual(['session:x%3Ay:a/b:c %é']);
    expect((await kill('s1', { tenantId: 'é'.repeat(129) })).status).toBe(400);
    expect((await kill('s1', { tenantId: '\ud800' })).status).toBe(400);
    expect((await kill('s1', { tenantId: '' })).status).toBe(400);
  });
});

describe('an Idempotency-Key', () => {
  const key = { 'idempotency-key': 'k1' };

  test('makes the same request one change', async () => {
    for (let n = 0; n < 3; n++) expect((await kill('s1', { tenantId: 'acme' }, key)).status).toBe(200);
    expect(await api.world.store.pendingCount()).toBe(1);
  });

  test('does not make another request the same', async () => {
    const put = (mode: string) => api.ask('PUT', '/api/tenants/acme/switch', { body: { mode }, headers: key });
    expect((await put('disable_writes')).json.status).toBe('tripped');
    expect((await put('stop_all')).json).toMatchObject({ status: 'tripped', state: { mode: 'stop_all' } });
  });

  test('of a stop that was restored since is no success: nothing was stopped', async () => {
    await kill('s1', { tenantId: 'acme' }, key);
    await api.world.store.clear({
      scope: { kind: 'session', tenant: 'acme', session: 's1' },
      ...{ reason: 'ok', actor: { kind: 'operator', id: 'ann' }, decisionId: 'd1', holdMs: null },
    });
    const { status, json } = await kill('s1', { tenantId: 'acme' }, key);
    expect(status).toBe(409);
    expect(json.detail).toContain('another Idempotency-Key');
  });
});

describe('switches and tools', () => {
  test('without a mode the configured one is meant', async () => {
    const { json } = await api.ask('PUT', '/api/global/switch', { body: {} });
    expect(json).toMatchObject({ status: 'tripped', scope: 'global', state: { mode: 'disable_writes' } });
  });

  test('a ttl ends it, and what changes nothing says so', async () => {
    const put = () => api.ask('PUT', '/api/tenants/acme/switch', { body: { mode: 'stop_all', ttl: '30m' } });
    expect((await put()).json).toMatchObject({ state: { expires_at: api.world.now + 1_800_000 } });
    expect((await put()).json.status).toBe('unchanged');
  });

  test('a tool is disabled for all, or for one tenant', async () => {
    await api.ask('PUT', '/api/tools/email.send', { body: {} });
    await api.ask('PUT', '/api/tools/db.write', { body: { tenantId: 'acme' } });
    expect(await api.world.stopped()).toEqual(['tool::email.send', 'tool:acme:db.write']);
  });
});
