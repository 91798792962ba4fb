import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { loadConfig } from '../../src/daemon/config/load.ts';
import { openPorts } from '../../src/daemon/open-ports.ts';
import type { Ports } from '../../src/daemon/parts.ts';
import { type Serving, serve } from '../../src/daemon/serve.ts';

export interface DaemonHere extends Serving {
  /** What ended it against its will. */
  readonly crashes: readonly Error[];
}

/** The daemon in this process, with parts of the outside world that no configuration gives. Stopped with the test. */
export async function daemonHere(at: { readonly config: string }, changed: Partial<Ports> = {}): Promise<DaemonHere> {
  const config = loadConfig({ file: at.config, env: { SENTINEL_HTTP_PORT: '0' } });
  const logger = pino({ level: 'silent' });
  const crashes: Error[] = [];
  const usual = await openPorts(config, logger);
  for (const part of Object.keys(changed) as (keyof Ports)[]) {
    const unused = usual[part];
    if ('close' in unused) await unused.close();
  }
  const ports = { ...usual, ...changed };
  const serving = await serve({ config, ports, logger, onCrash: (error) => void crashes.push(error) });
  onTestFinished(() => serving.stop());
  await serving.started;
  return { ...serving, crashes };
}
