import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { JSONValue } from 'hono/utils/types';
import { SentinelError } from '../../domain/errors.ts';
import { hashParts } from '../../domain/ids.ts';
import type { KillState } from '../../domain/kill-state.ts';
import { GLOBAL, type Scope, scopeText } from '../../domain/scope.ts';
import { type Stop, stop } from '../change.ts';
import type { HttpDeps } from '../deps.ts';
import { problem } from '../problem.ts';
import {
  changeSchema,
  idText,
  killBody,
  killedSchema,
  problemSchema,
  switchBody,
  toolBody,
  toolText,
} from '../schemas.ts';

const json = <T extends z.ZodType>(schema: T) => ({ 'application/json': { schema } });
const refused = { description: 'Why not', content: { 'application/problem+json': { schema: problemSchema } } };
const changed = { description: 'Stopped', content: json(changeSchema) };
const params = z.object({ id: idText });
const LIFT_BY_CLI =
  'without tokens nothing over HTTP lifts: use "sentinel restore" or "sentinel tool enable" on the machine of the store';

/** Everything that stops. Nothing here lifts: a killed agent on this machine must not free itself. */
export function stopRoutes(app: OpenAPIHono, deps: HttpDeps): void {
  killSession(app, deps);
  tripSwitches(app, deps);
  disableTool(app, deps);
  refuseLifts(app);
}

function killSession(app: OpenAPIHono, deps: HttpDeps): void {
  const route = createRoute({
    method: 'post',
    path: '/api/sessions/{id}/kill',
    request: { params, body: { required: true, content: json(killBody) } },
    responses: { 200: { description: 'Terminated', content: json(killedSchema) }, 404: refused, 409: refused },
  });
  app.openapi(route, async (c) => {
    const { id: session } = c.req.valid('param');
    const { tenantId, reason, inFlight } = c.req.valid('json');
    const tenant = tenantId ?? (await tenantOf(deps, session));
    const scope: Scope = { kind: 'session', tenant, session };
    const asked = { scope, mode: 'stop_all', reason, ttlMs: null, inFlight: inFlight ?? null } as const;
    await stop(deps, { ...asked, decisionId: decisionId(c, deps, asked) });
    return c.json({ status: 'terminated' as const, sessionId: session, tenantId: tenant }, 200);
  });
}

/** @throws SentinelError `not_found` or `ambiguous`, with the way to name it. */
async function tenantOf(deps: HttpDeps, session: string): Promise<string> {
  const registered = await deps.store.sessionParents(session);
  const tenants = [...new Set([...registered.keys(), ...deps.tenantsOf(session)])];
  const [only] = tenants;
  if (only !== undefined && tenants.length === 1) return only;
  const how = 'name its tenant: {"tenantId": "…"}';
  if (only === undefined) throw new SentinelError('not_found', `no session with this id was seen; ${how}`);
  throw new SentinelError('ambiguous', `${tenants.length} tenants have a session with this id; ${how}`);
}

function tripSwitches(app: OpenAPIHono, deps: HttpDeps): void {
  const body = { required: true, content: json(switchBody) };
  const trip = async (c: Context, scope: Scope, said: z.output<typeof switchBody>) => {
    const { mode_when_enabled: byDefault } = (await deps.store.config()) ?? {
      mode_when_enabled: 'disable_writes' as const,
    };
    const asked = { scope, mode: said.mode ?? byDefault, reason: said.reason, ttlMs: said.ttl ?? null };
    return stopped(c, deps, { ...asked, inFlight: said.inFlight ?? null });
  };
  app.openapi(
    createRoute({
      method: 'put',
      path: '/api/tenants/{id}/switch',
      request: { params, body },
      responses: { 200: changed },
    }),
    async (c) => trip(c, { kind: 'tenant', tenant: c.req.valid('param').id }, c.req.valid('json')),
  );
  app.openapi(
    createRoute({ method: 'put', path: '/api/global/switch', request: { body }, responses: { 200: changed } }),
    async (c) => trip(c, GLOBAL, c.req.valid('json')),
  );
}

function disableTool(app: OpenAPIHono, deps: HttpDeps): void {
  const tool = z.object({ tool: toolText });
  const route = createRoute({
    method: 'put',
    path: '/api/tools/{tool}',
    request: { params: tool, body: { required: true, content: json(toolBody) } },
    responses: { 200: changed },
  });
  app.openapi(route, async (c) => {
    const { tenantId, reason, ttl } = c.req.valid('json');
    const scope: Scope = { kind: 'tool', tenant: tenantId ?? null, pattern: c.req.valid('param').tool };
    return stopped(c, deps, { scope, mode: null, reason, ttlMs: ttl ?? null, inFlight: null });
  });
}

async function stopped(c: Context, deps: HttpDeps, asked: Omit<Stop, 'decisionId'>) {
  const outcome = await stop(deps, { ...asked, decisionId: decisionId(c, deps, asked) });
  const status = outcome.status === 'applied' ? ('tripped' as const) : ('unchanged' as const);
  return c.json({ status, scope: scopeText(asked.scope), state: outcome.state && plain(outcome.state) }, 200);
}

/** As it stands in the index. */
function plain(state: KillState): { [field: string]: JSONValue } {
  return JSON.parse(JSON.stringify(state)) as { [field: string]: JSONValue };
}

/** A request with an `Idempotency-Key` that comes again is the same decision; one that asks for something else is not. */
function decisionId(c: Context, deps: HttpDeps, asked: Omit<Stop, 'decisionId'>): string {
  const key = c.req.header('idempotency-key');
  if (key === undefined) return deps.newId();
  const { scope, ...what } = asked;
  return hashParts('http', scopeText(scope), JSON.stringify(what), key);
}

function refuseLifts(app: OpenAPIHono): void {
  app.delete('/api/tenants/:id/switch', (c) => problem(c, 403, LIFT_BY_CLI));
  app.delete('/api/global/switch', (c) => problem(c, 403, LIFT_BY_CLI));
  app.delete('/api/tools/:tool', (c) => problem(c, 403, LIFT_BY_CLI));
  app.post('/api/sessions/:id/restore', (c) => problem(c, 403, LIFT_BY_CLI));
}
