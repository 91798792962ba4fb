import { request } from 'node:http';
import type { Config } from '../daemon/config/config.ts';
import { messageOf } from '../domain/errors.ts';

/** What a daemon on the configured address says about its store. */
export type DaemonAnswer =
  | { readonly status: 'absent' }
  /** Something listens there, and does not tell. */
  | { readonly status: 'silent'; readonly url: string; readonly why: string }
  | RunningDaemon;

export interface RunningDaemon {
  readonly status: 'running';
  readonly url: string;
  readonly store: string;
  /** null: its store is not initialised. */
  readonly epoch: string | null;
}

const WITHIN_MS = 1_000;
const ANSWER_MAX = 64 * 1024 * 1024;

/** Where the daemon of this configuration listens; null where any free port was chosen. */
export function daemonUrl({ http }: Config): string | null {
  if (http.port === 0) return null;
  return `http://${http.host.includes(':') ? `[${http.host}]` : http.host}:${http.port}`;
}

/** Asks which store it uses. Never rejects: a daemon is only asked, never needed. */
export async function askDaemon(config: Config, withinMs = WITHIN_MS): Promise<DaemonAnswer> {
  const url = daemonUrl(config);
  if (url === null) return { status: 'absent' };
  try {
    const { status, body } = await get(`${url}/api/state`, withinMs);
    const told = JSON.parse(body) as { store?: unknown; epoch?: unknown };
    if (status !== 200 || typeof told.store !== 'string') return { status: 'silent', url, why: `status ${status}` };
    return { status: 'running', url, store: told.store, epoch: typeof told.epoch === 'string' ? told.epoch : null };
  } catch (error) {
    const why = whySilent(error);
    return why === null ? { status: 'absent' } : { status: 'silent', url, why };
  }
}

/** Why something that listens did not answer as a daemon does; null where nothing listens. */
export function whySilent(error: unknown): string | null {
  if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return null;
  return error instanceof SyntaxError ? 'no JSON' : messageOf(error);
}

/** One GET over plain HTTP, whole within that time, ms. Rejects with the error of the connection. */
export function get(url: string, withinMs = WITHIN_MS): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { timeout: withinMs, agent: false }, (answer) => {
      const parts: Buffer[] = [];
      let size = 0;
      answer.on('data', (part: Buffer) => {
        size += part.length;
        if (size > ANSWER_MAX) asking.destroy(new Error('the answer is too long'));
        parts.push(part);
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(parts).toString('utf8') }));
      answer.on('error', reject);
    });
    const deadline = setTimeout(() => asking.destroy(new Error(`no answer within ${withinMs} ms`)), withinMs);
    asking.on('error', reject);
    asking.on('close', () => clearTimeout(deadline));
    asking.end();
  });
}
