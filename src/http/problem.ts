import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { type ErrorCode, isSentinelError } from '../domain/errors.ts';

/** An RFC 9457 problem document: what went wrong, in one sentence. Never a stack trace. */
export interface Problem {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly detail: string;
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  421: 'Misdirected Request',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

const STATUS: Partial<Record<ErrorCode, ContentfulStatusCode>> = {
  usage: 400,
  not_found: 404,
  ambiguous: 409,
  conflict: 409,
  kafka_unavailable: 503,
  kafka_rejected: 503,
  store_unavailable: 503,
  store_full: 503,
  store_uninitialised: 503,
  store_rejected: 503,
};

export function problem(c: Context, status: ContentfulStatusCode, detail: string, more: object = {}): Response {
  const body: Problem = { type: 'about:blank', title: TITLES[status] ?? 'Error', status, detail, ...more };
  return c.json(body, status, { 'content-type': 'application/problem+json' });
}

/** What the framework refuses before it looks at the body, in our words. */
const UNREADABLE: Readonly<Record<number, string>> = {
  400: 'the body is no JSON, expected an object, {} at least',
  415: 'expected content-type: application/json',
};

/** Any failure as a problem; what is not ours says nothing of its inside. */
export function problemOf(c: Context, error: unknown): Response {
  if (error instanceof HTTPException) return problem(c, error.status, UNREADABLE[error.status] ?? error.message);
  if (!isSentinelError(error)) return problem(c, 500, 'something went wrong inside; the log of the daemon says what');
  return problem(c, STATUS[error.code] ?? 500, error.message);
}
