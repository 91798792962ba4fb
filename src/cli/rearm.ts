import { SentinelError } from '../domain/errors.ts';
import type { KillStore } from '../ports/kill-store.ts';
import { operator } from './actor.ts';
import { tellDurable } from './change.ts';
import type { Cli } from './cli.ts';
import type { ConfigOptions } from './config-options.ts';
import { withStore } from './open-store.ts';
import type { ExitCode } from './output.ts';

/** Re-arms what tripped; a name that is not tripped is told, not passed over. */
export function rearm(
  cli: Cli,
  name: string | null,
  options: ConfigOptions & { readonly as?: string },
): Promise<ExitCode> {
  return withStore<ExitCode>(cli, options, async (opened) => {
    const { store, place } = opened;
    const tripped = (await store.trippedLimits()).map((limit) => limit.name);
    const names = await store.rearm(name, operator(options.as, cli.terminal.env));
    if (names.length === 0 && name !== null) {
      const which = tripped.length === 0 ? 'none is' : `tripped: ${tripped.join(', ')}`;
      throw new SentinelError('not_found', `The limit ${name} is not tripped on ${place}; ${which}.`);
    }
    if (names.length === 0) {
      cli.terminal.out(`no limit is tripped on ${place}\n`);
      return 0;
    }
    cli.terminal.out(`applied: ${names.join(', ')} re-armed on ${place}\n`);
    const newest = await newestEntry(store);
    return newest === null ? 0 : tellDurable(opened, newest, cli.terminal);
  });
}

const PAGE = 1_000;

/** The last entry that waits for the log; null where none does. */
async function newestEntry(store: KillStore): Promise<string | null> {
  let newest: string | null = null;
  for (let after = await store.acknowledged(); ; after = newest) {
    const entries = await store.entries(after, PAGE);
    newest = entries.at(-1)?.id ?? newest;
    if (entries.length < PAGE) return newest;
  }
}
