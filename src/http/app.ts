import { OpenAPIHono } from '@hono/zod-openapi';
import type { HttpDeps } from './deps.ts';
import { problem, problemOf } from './problem.ts';
import { protect } from './protect.ts';
import { eventRoutes } from './routes/events.ts';
import { healthRoutes } from './routes/health.ts';
import { readRoutes } from './routes/reads.ts';
import { stopRoutes } from './routes/stops.ts';

/** The API as an app that answers requests without listening. `bound` is where it listens, once it does. */
export function createApp(deps: HttpDeps, bound: () => { readonly host: string; readonly port: number }): OpenAPIHono {
  const app = new OpenAPIHono({
    defaultHook: (result, c) => {
      if (result.success) return undefined;
      const issue = result.error.issues[0];
      const where = issue === undefined || issue.path.length === 0 ? 'the body' : issue.path.map(String).join('.');
      return problem(c, 400, `${where}: ${issue?.message ?? 'not as expected'}`);
    },
  });
  app.use('*', protect(bound));
  healthRoutes(app, deps);
  readRoutes(app, deps);
  eventRoutes(app, deps);
  stopRoutes(app, deps);
  app.doc('/openapi.json', { openapi: '3.0.0', info: { title: 'agent-sentinel', version: '1' } });
  app.notFound((c) => problem(c, 404, `there is nothing at ${c.req.path}; GET /openapi.json tells what there is`));
  app.onError((error, c) => problemOf(c, error));
  return app;
}
