import type { Server } from 'node:http';
import { serve } from '@hono/node-server';
import { SentinelError } from '../domain/errors.ts';
import { isLoopback } from '../domain/loopback.ts';
import { createApp } from './app.ts';
import type { HttpDeps } from './deps.ts';

export interface HttpServer {
  readonly url: string;
  /** Idempotent; open streams are cut. */
  close(): Promise<void>;
}

/**
 * Listens. Port 0 takes any free one.
 * @throws SentinelError `usage` when the port is taken or the address is not a loopback one: without tokens nobody else may ask.
 */
export async function listen(
  deps: HttpDeps,
  at: { readonly host: string; readonly port: number },
): Promise<HttpServer> {
  if (!isLoopback(at.host)) {
    throw new SentinelError(
      'usage',
      `http.host is ${at.host}, expected a loopback address: this version has no tokens`,
    );
  }
  const bound = { host: at.host, port: at.port };
  const app = createApp(deps, () => bound);
  const server = await new Promise<Server>((resolve, reject) => {
    const listening = serve({ fetch: app.fetch, hostname: at.host, port: at.port }, ({ port }) => {
      bound.port = port;
      resolve(listening as Server);
    });
    listening.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, at)));
  });
  const host = at.host.includes(':') ? `[${at.host}]` : at.host;
  return { url: `http://${host}:${bound.port}`, close: () => close(server) };
}

function listenError(
  error: NodeJS.ErrnoException,
  { host, port }: { readonly host: string; readonly port: number },
): Error {
  if (error.code === 'EADDRINUSE') {
    return new SentinelError('usage', `port ${port} on ${host} is in use: choose another with --port or http.port`);
  }
  return new SentinelError('usage', `cannot listen on ${host}:${port}: ${error.message}`);
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
