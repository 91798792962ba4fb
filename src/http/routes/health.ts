import type { OpenAPIHono } from '@hono/zod-openapi';
import type { HttpDeps } from '../deps.ts';

/** Alive, ready, and in numbers. */
export function healthRoutes(app: OpenAPIHono, deps: HttpDeps): void {
  app.get('/healthz', (c) => c.json({ status: 'alive' }));
  app.get('/readyz', (c) => {
    const readiness = deps.readiness();
    return c.json(readiness, readiness.ready ? 200 : 503);
  });
  app.get('/metrics', async (c) => c.text(await deps.metrics(), 200, { 'content-type': 'text/plain; version=0.0.4' }));
}
