import { KillMirror } from '../daemon/kill-mirror.ts';
import { openKillStore, openLog } from '../daemon/open-ports.ts';
import { publishedConfig } from '../daemon/parts.ts';
import { StoreKeeper } from '../daemon/store-keeper.ts';
import type { Cli } from './cli.ts';
import { type ConfigOptions, configOf } from './config-options.ts';
import { askDaemon } from './daemon-probe.ts';
import { count } from './format.ts';
import { quietLogger } from './logger.ts';
import { mustBeTheDaemons } from './open-store.ts';
import type { ExitCode } from './output.ts';

/** Reads `agent.kill-state` to its end and completes the store. The one command that makes a store. */
export async function initialise(cli: Cli, options: ConfigOptions): Promise<ExitCode> {
  const config = configOf(cli, options);
  const daemon = await askDaemon(config);
  const store = await openKillStore(config);
  const log = await openLog(config, quietLogger(cli.terminal.env));
  try {
    const { place } = store;
    const before = await store.epoch();
    mustBeTheDaemons({ place, epoch: before, daemon });
    await log.ensureTopics();
    const mirror = new KillMirror(store);
    await new StoreKeeper(store, log, mirror, config.topics.kill_state, publishedConfig(config)).open();
    const what = before === null ? `is initialised now, from ${config.topics.kill_state}` : 'was initialised already';
    const standing = `${count(mirror.tripped().length, 'scope')} tripped`;
    cli.terminal.out(`${place} ${what}: ${standing}, epoch ${mirror.epoch}\n`);
    return 0;
  } finally {
    await log.close();
    await store.close();
  }
}
