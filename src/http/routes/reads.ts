import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { HttpDeps } from '../deps.ts';
import { limitText, stateSchema } from '../schemas.ts';

const PAGE = 1_000;
const SHOWN_MAX = 10_000;

/** What is stopped, and what happened. */
export function readRoutes(app: OpenAPIHono, deps: HttpDeps): void {
  const state = createRoute({
    method: 'get',
    path: '/api/state',
    responses: {
      200: {
        description: 'Every tripped switch, terminated session and disabled tool',
        content: {
          'application/json': {
            schema: z.object({
              store: z.string(),
              epoch: z.string().nullable(),
              scopes: z.array(stateSchema),
              more: z.boolean(),
            }),
          },
        },
      },
    },
  });
  app.openapi(state, async (c) => c.json(await tripped(deps), 200));

  const audit = createRoute({
    method: 'get',
    path: '/api/audit',
    request: { query: z.object({ limit: limitText.default(100) }) },
    responses: {
      200: {
        description: 'The newest audit records, oldest first',
        content: { 'application/json': { schema: z.object({ records: z.array(z.looseObject({})) }) } },
      },
    },
  });
  app.openapi(audit, async (c) => {
    const records = await deps.recentAudit(c.req.valid('query').limit);
    return c.json({ records: records.map((record) => ({ ...record })) }, 200);
  });
}

async function tripped({ store }: HttpDeps) {
  const scopes: { scope: string; state: { mode: string; reason: string; version: number } }[] = [];
  let after = 0;
  let more = false;
  for (;;) {
    const { states, next } = await store.page(after, PAGE);
    scopes.push(
      ...states
        .filter(({ state }) => state.mode !== 'none')
        .map(({ scope, state }) => ({ scope, state: { ...state } })),
    );
    more = next !== null;
    if (next === null || scopes.length >= SHOWN_MAX) break;
    after = next;
  }
  return { store: store.place, epoch: await store.epoch(), scopes, more };
}
