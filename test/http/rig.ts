import { createApp } from '../../src/http/app.ts';
import type { HttpDeps } from '../../src/http/deps.ts';
import { World } from '../daemon/rig.ts';

export const HOST = '127.0.0.1:7070';

/** The API over a real embedded store and log, asked without a socket. */
export class Api {
  readonly world = new World();
  readonly failures: string[] = [];
  /** Tenants with an open session of an id. */
  readonly active = new Map<string, readonly string[]>();
  readiness: { ready: boolean; problems: object; notices: object } = { ready: true, problems: {}, notices: {} };
  format: HttpDeps['format'] = 'json';
  #ids = 0;

  static async open(): Promise<Api> {
    const api = new Api();
    await api.world.store.initialise([], { kind: 'sentinel', id: 'test' });
    return api;
  }

  async ask(method: string, path: string, said: { body?: unknown; text?: string; headers?: object } = {}) {
    const { world } = this;
    const deps: HttpDeps = {
      store: world.store,
      log: world.log,
      eventsTopic: 'agent.tool-calls',
      format: this.format,
      readiness: () => this.readiness,
      metrics: async () => 'sentinel_up 1\n',
      tenantsOf: (session) => this.active.get(session) ?? [],
      recentAudit: async (limit) => (await world.audit()).slice(-limit),
      onFailure: (message) => void this.failures.push(message),
      newId: () => `id-${++this.#ids}`,
    };
    const app = createApp(deps, () => ({ host: '127.0.0.1', port: 7070 }));
    const body = said.text ?? (said.body === undefined ? undefined : JSON.stringify(said.body));
    const response = await app.request(path, {
      method,
      headers: { host: HOST, ...(method === 'GET' ? {} : { 'content-type': 'application/json' }), ...said.headers },
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    return { status: response.status, type: response.headers.get('content-type') ?? '', text, json: parsed(text) };
  }
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
