import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { type HttpServer, listen } from '../http/server.ts';
import type { Config } from './config/config.ts';
import { Daemon } from './daemon.ts';
import { newestAudit } from './newest-audit.ts';
import type { Ports } from './parts.ts';

export interface Serving {
  readonly daemon: Daemon;
  readonly http: HttpServer;
  /** Resolves when events are being read; rejects when the daemon cannot start. */
  readonly started: Promise<void>;
  /** Finishes, checkpoints, flushes and leaves. Idempotent. */
  stop(): Promise<void>;
}

export interface ServeOptions {
  readonly config: Config;
  readonly ports: Ports;
  readonly logger: Logger;
  readonly onCrash: (error: Error) => void;
}

/** The daemon with its API. The API answers first: `/readyz` says what is waited for. */
export async function serve(options: ServeOptions): Promise<Serving> {
  const { config, ports, logger } = options;
  const daemon = new Daemon(options);
  const http = await listen(
    {
      store: ports.store,
      log: ports.log,
      eventsTopic: config.topics.events,
      format: config.format,
      readiness: () => daemon.board.get(),
      metrics: () => daemon.metrics.registry.metrics(),
      tenantsOf: (session) =>
        [...(daemon.pipeline?.partitions ?? [])].flatMap(({ engine }) => engine.activeSessionsOf(session)),
      recentAudit: (limit) => newestAudit(ports.log, config.topics.audit, limit),
      onFailure: (message) => logger.error(message),
      newId: () => randomUUID(),
    },
    config.http,
  );
  logger.info({ url: http.url }, 'listening');
  const started = daemon.start();
  return {
    daemon,
    http,
    started,
    stop: async () => {
      await http.close();
      await daemon.stop();
    },
  };
}
