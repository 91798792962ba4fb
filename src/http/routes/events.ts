import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { type ValidEvent, validateEvent } from '../../domain/event/validate.ts';
import type { OutMessage } from '../../ports/event-log.ts';
import type { HttpDeps } from '../deps.ts';
import { problem } from '../problem.ts';
import { problemSchema } from '../schemas.ts';

const EVENTS_MAX = 10_000;
/** What a topic takes with room for key and headers. */
const EVENT_BYTES_MAX = 900_000;

/** Of one line; a body without lines is refused as a whole. */
const NO_JSON = { detail: 'it is no JSON text' };

/**
 * The way in without Kafka: one JSON event, a JSON array, or NDJSON. All or nothing: an invalid event refuses the request and
 * names its place. Answers 202 when the log has acknowledged them.
 */
export function eventRoutes(app: OpenAPIHono, deps: HttpDeps): void {
  describe(app);
  app.post('/api/events', async (c) => {
    const body = textOf(await c.req.arrayBuffer());
    if (body === null) return problem(c, 400, 'the body is not well-formed UTF-8');
    const isLines = c.req.header('content-type')?.toLowerCase().includes('ndjson') ?? false;
    const written = isLines ? linesOf(body) : wholeOf(body);
    if ('wrong' in written) return problem(c, 400, written.wrong);
    if (written.length > EVENTS_MAX) return problem(c, 413, `a request may have at most ${EVENTS_MAX} events`);
    const events = collect(written, deps.format);
    if ('wrong' in events) return problem(c, 400, events.wrong);
    if (events.length > 0) await deps.log.append(deps.eventsTopic, events);
    return c.json({ accepted: events.length }, 202);
  });
}

/** An event as it came: where it stood, its text, and what the text says. */
interface Written {
  readonly where: string;
  readonly text: string;
  readonly value: unknown;
}

interface Wrong {
  readonly wrong: string;
}

function textOf(bytes: ArrayBuffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

function wholeOf(body: string): readonly Written[] | Wrong {
  const value = parse(body);
  if (value === undefined) return { wrong: 'the body is no JSON, expected an event, an array of events, or NDJSON' };
  if (!Array.isArray(value)) return [{ where: 'the event', text: body, value }];
  return value.map((one, index) => ({ where: `event ${index + 1}`, text: JSON.stringify(one), value: one as unknown }));
}

function linesOf(body: string): readonly Written[] {
  return body.split('\n').flatMap((text, index) => {
    return text.trim() === '' ? [] : [{ where: `line ${index + 1}`, text: text.trim(), value: parse(text) }];
  });
}

function collect(written: readonly Written[], format: HttpDeps['format']): readonly OutMessage[] | Wrong {
  const messages: OutMessage[] = [];
  for (const { where, text, value } of written) {
    const rejection = value === undefined ? NO_JSON : validateEvent(value);
    if (rejection !== null) return { wrong: `${where} is no event: ${rejection.detail}` };
    if (Buffer.byteLength(text) > EVENT_BYTES_MAX)
      return { wrong: `${where} has more than ${EVENT_BYTES_MAX} bytes: leave arguments out, or send args_hash` };
    const { tenant_id, event_id } = value as ValidEvent;
    messages.push({ key: tenant_id, value: text, ...(format === 'json' ? {} : { headers: cloudEvent(event_id) }) });
  }
  return messages;
}

/** Binary mode: the value is the event itself. */
function cloudEvent(id: string): Record<string, string> {
  return {
    ce_specversion: '1.0',
    ce_type: 'agent-sentinel.event',
    ce_source: 'agent-sentinel/http',
    ce_id: encodeURIComponent(id),
    'content-type': 'application/json',
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** For /openapi.json; the body is validated here, event by event, so that a wrong one can be named. */
function describe(app: OpenAPIHono): void {
  const event = z.looseObject({
    event_id: z.string(),
    ts: z.union([z.number(), z.string()]),
    tenant_id: z.string(),
    session_id: z.string(),
  });
  const refused = { description: 'Why not', content: { 'application/problem+json': { schema: problemSchema } } };
  app.openAPIRegistry.registerPath({
    method: 'post',
    path: '/api/events',
    request: {
      body: {
        required: true,
        content: {
          'application/json': { schema: z.union([event, z.array(event)]) },
          'application/x-ndjson': { schema: z.string() },
        },
      },
    },
    responses: {
      202: {
        description: 'All of them are in the log',
        content: { 'application/json': { schema: z.object({ accepted: z.int() }) } },
      },
      400: refused,
      413: refused,
      503: refused,
    },
  });
}
