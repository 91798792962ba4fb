import type { MiddlewareHandler } from 'hono';
import { isLoopback } from '../domain/loopback.ts';
import { problem } from './problem.ts';

const JSON_TYPES = ['application/json', 'application/x-ndjson'];
const CHANGES = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/**
 * What keeps a web page on the same machine from using the API through somebody's browser: the `Host` must be the bound
 * name (a rebound DNS name is not), a foreign `Origin` is refused, and changes must be JSON (a form cannot send that
 * without asking first).
 */
export function protect(bound: () => { readonly host: string; readonly port: number }): MiddlewareHandler {
  return async (c, next) => {
    const names = boundNames(bound());
    const host = c.req.header('host')?.toLowerCase() ?? '';
    if (!names.has(host)) return problem(c, 421, `this server answers as ${[...names].join(', ')} only`);
    const origin = c.req.header('origin');
    if (origin !== undefined && !isOwn(origin, names))
      return problem(c, 403, 'requests from other origins are refused');
    if (CHANGES.has(c.req.method) && !isJson(c.req.header('content-type'))) {
      return problem(c, 415, 'changes need content-type: application/json (events also application/x-ndjson)');
    }
    return next();
  };
}

function boundNames({ host, port }: { readonly host: string; readonly port: number }): Set<string> {
  const hosts = isLoopback(host) ? ['127.0.0.1', 'localhost', '[::1]', bracketed(host)] : [bracketed(host)];
  return new Set(hosts.map((name) => `${name}:${port}`));
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host.toLowerCase();
}

function isOwn(origin: string, names: ReadonlySet<string>): boolean {
  const [scheme, rest] = origin.toLowerCase().split('://');
  return scheme === 'http' && rest !== undefined && names.has(rest);
}

function isJson(type: string | undefined): boolean {
  return JSON_TYPES.includes(type?.split(';')[0]?.trim().toLowerCase() ?? '');
}
