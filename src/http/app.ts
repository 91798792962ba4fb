import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { isSentinelError, messageOf } from '../domain/errors.ts';
import type { HttpDeps } from './deps.ts';
import { issueText } from './issue.ts';
import { problem, problemOf } from './problem.ts';
import { protect } from './protect.ts';
import { eventRoutes } from './routes/events.ts';
import { healthRoutes } from './routes/health.ts';
import { readRoutes } from './routes/reads.ts';
import { stopRoutes } from './routes/stops.ts';

const BODY_BYTES_MAX = 10 * 1024 * 1024;

/** The API as an app that answers requests without listening. `bound` is where it listens, once it does. */
export function createApp(deps: HttpDeps, bound: () => { readonly host: string; readonly port: number }): OpenAPIHono {
  const app = new OpenAPIHono({
    defaultHook: (result, c) => {
      return result.success ? undefined : problem(c, 400, issueText(result.error.issues[0]));
    },
  });
  app.use('*', protect(bound));
  const onError = (c: Context) => problem(c, 413, 'a request may have at most 10 MiB: send fewer events');
  app.use('*', bodyLimit({ maxSize: BODY_BYTES_MAX, onError }));
  healthRoutes(app, deps);
  readRoutes(app, deps);
  eventRoutes(app, deps);
  stopRoutes(app, deps);
  app.doc('/openapi.json', { openapi: '3.0.0', info: { title: 'agent-sentinel', version: '1' } });
  app.notFound((c) => problem(c, 404, `there is nothing at ${c.req.path}; GET /openapi.json tells what there is`));
  app.onError((error, c) => {
    const answer = problemOf(c, error);
    // What the client did wrong is told to the client; the log is for what went wrong here.
    if (answer.status >= 500 && !isSentinelError(error))
      deps.onFailure(`${c.req.method} ${c.req.path} failed: ${messageOf(error)}`);
    return answer;
  });
  return app;
}
