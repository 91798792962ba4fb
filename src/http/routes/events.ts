import type { OpenAPIHono } from '@hono/zod-openapi';
import { eventSchema } from '../../domain/event/schema.ts';
import type { OutMessage } from '../../ports/event-log.ts';
import type { HttpDeps } from '../deps.ts';
import { problem } from '../problem.ts';

const BODY_BYTES_MAX = 10 * 1024 * 1024;
const EVENTS_MAX = 10_000;

/**
 * The way in without Kafka: one JSON event, a JSON array, or NDJSON. All or nothing: an invalid event refuses the request and
 * names its place. Answers 202 when the log has acknowledged them.
 */
export function eventRoutes(app: OpenAPIHono, deps: HttpDeps): void {
  app.post('/api/events', async (c) => {
    const body = await c.req.text();
    if (Buffer.byteLength(body) > BODY_BYTES_MAX)
      return problem(c, 413, 'a request may have at most 10 MiB: send fewer events');
    const isLines = c.req.header('content-type')?.includes('ndjson') ?? false;
    const events = isLines ? parseLines(body) : parseWhole(body);
    if ('wrong' in events) return problem(c, 400, events.wrong);
    if (events.messages.length > EVENTS_MAX) return problem(c, 413, `a request may have at most ${EVENTS_MAX} events`);
    if (events.messages.length > 0) await deps.log.append(deps.eventsTopic, events.messages);
    return c.json({ accepted: events.messages.length }, 202);
  });
}

type Parsed = { readonly messages: readonly OutMessage[] } | { readonly wrong: string };

function parseWhole(body: string): Parsed {
  const value = parse(body);
  if (value === undefined) return { wrong: 'the body is no JSON, expected an event, an array of events, or NDJSON' };
  const many = Array.isArray(value);
  return collect((many ? value : [value]).map((one, index) => [many ? `event ${index + 1}` : 'the event', one]));
}

function parseLines(body: string): Parsed {
  const lines = body.split('\n').map((line, index) => [`line ${index + 1}`, line] as const);
  return collect(lines.filter(([, line]) => line.trim() !== '').map(([where, line]) => [where, parse(line)]));
}

function collect(values: readonly (readonly [string, unknown])[]): Parsed {
  const messages: OutMessage[] = [];
  for (const [where, value] of values) {
    const checked = eventSchema.safeParse(value);
    if (!checked.success) return { wrong: `${where} is no event: ${issueText(checked.error.issues[0])}` };
    const event = value as { readonly tenant_id: string };
    messages.push({ key: event.tenant_id, value: JSON.stringify(value) });
  }
  return { messages };
}

function issueText(issue: { readonly path: readonly PropertyKey[]; readonly message: string } | undefined): string {
  if (issue === undefined) return 'it does not fit the schema';
  return issue.path.length === 0 ? issue.message : `${issue.path.map(String).join('.')}: ${issue.message}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
