import { actorText } from '../domain/kill-state.ts';
import { countGuards, type GuardCount } from '../killswitch/guard-count.ts';
import { isTripped } from '../killswitch/standing.ts';
import { operator } from './actor.ts';
import { allStates, type IndexEntry } from './all-states.ts';
import type { Cli } from './cli.ts';
import type { ConfigOptions } from './config-options.ts';
import { count, oneLine, timeText } from './format.ts';
import { guardsText } from './guards-text.ts';
import { NOT_INITIALISED, type OpenedStore, withStore } from './open-store.ts';
import type { OutputForm } from './options.ts';
import { type ExitCode, table } from './output.ts';

interface Shown extends IndexEntry {
  readonly guards: GuardCount;
}

/** Shows what stands. What was set by hand is adopted first: it counts, so it must show. */
export function showState(cli: Cli, options: ConfigOptions & { readonly output: OutputForm }): Promise<ExitCode> {
  return withStore<ExitCode>(cli, options, async (opened) => {
    await opened.store.adoptAll(operator(undefined, cli.terminal.env));
    const shown = await tripped(opened);
    if (options.output === 'json') cli.terminal.out(`${JSON.stringify(asJson(opened, shown), null, 2)}\n`);
    else cli.terminal.out(asTable(opened, shown));
    if (opened.epoch === null) cli.terminal.err(`The store ${opened.place} ${NOT_INITIALISED}.\n`);
    return 0;
  });
}

async function tripped({ store, epoch }: OpenedStore): Promise<readonly Shown[]> {
  const [reports, now] = await Promise.all([store.guards(), store.time()]);
  const shown: Shown[] = [];
  for await (const entry of allStates(store)) {
    if (isTripped(entry.state)) shown.push({ ...entry, guards: countGuards(reports, entry.state, { now, epoch }) });
  }
  return shown;
}

function asJson({ place, epoch }: OpenedStore, shown: readonly Shown[]) {
  return { store: place, epoch, scopes: shown.map(({ text, state, guards }) => ({ scope: text, state, guards })) };
}

function asTable({ place }: OpenedStore, shown: readonly Shown[]): string {
  if (shown.length === 0) return `nothing is tripped on ${place}\n`;
  const rows = shown.map(({ text, state, guards }) => [
    oneLine(text, 80),
    state.mode,
    timeText(state.at),
    state.expires_at === null ? '-' : timeText(state.expires_at),
    guardsText(guards),
    oneLine(actorText(state.actor), 40),
    oneLine(state.reason),
  ]);
  const head = ['SCOPE', 'MODE', 'SINCE', 'UNTIL', 'GUARDS', 'BY', 'WHY'];
  return `${table([head, ...rows])}${count(shown.length, 'scope')} tripped on ${place}\n`;
}
