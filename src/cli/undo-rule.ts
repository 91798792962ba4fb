import { formatDuration } from '../domain/duration.ts';
import { SentinelError } from '../domain/errors.ts';
import { nearest } from '../domain/nearest.ts';
import type { Scope } from '../domain/scope.ts';
import { isTripped } from '../killswitch/standing.ts';
import { allStates } from './all-states.ts';
import { liftScopes } from './change.ts';
import type { LiftOptions } from './change-options.ts';
import type { Cli } from './cli.ts';
import { mustBeComplete, type OpenedStore, withStore } from './open-store.ts';
import type { ExitCode } from './output.ts';

export interface RuleSince {
  readonly rule: string;
  readonly sinceMs: number;
}

/** Lifts every scope whose present state was set by that rule within that time, and no other. */
export function undoRule(cli: Cli, asked: RuleSince, options: LiftOptions): Promise<ExitCode> {
  return withStore(cli, options, async (opened) => {
    mustBeComplete(opened);
    return liftScopes(opened, await setByRule(opened, asked), options, cli.terminal);
  });
}

/** @throws SentinelError `not_found` where there is none: a misspelt rule must not look like a success */
async function setByRule({ store, place }: OpenedStore, { rule, sinceMs }: RuleSince): Promise<readonly Scope[]> {
  const from = (await store.time()) - sinceMs;
  const scopes: Scope[] = [];
  const others = new Set<string>();
  for await (const { scope, state } of allStates(store)) {
    if (!isTripped(state) || state.rule === null) continue;
    if (state.rule === rule && state.at >= from) scopes.push(scope);
    else others.add(state.rule);
  }
  if (scopes.length > 0) return scopes;
  const what = `No scope that is tripped on ${place} was set by the rule ${rule} in the last ${formatDuration(sinceMs)}`;
  throw new SentinelError('not_found', `${what}${hint(rule, [...others])}.`);
}

function hint(rule: string, others: readonly string[]): string {
  if (others.includes(rule)) return ', but before that it did: give a longer --since';
  const like = nearest(rule, others);
  return like === null ? '' : `; the rule ${like} has set some`;
}
