import { SentinelError } from '../domain/errors.ts';
import type { SourcePlace } from '../domain/rule.ts';
import { parseScope, scopeText } from '../domain/scope.ts';
import { countGuards } from '../killswitch/guard-count.ts';
import { isTripped } from '../killswitch/standing.ts';
import { operator } from './actor.ts';
import { allStates, type IndexEntry } from './all-states.ts';
import type { Cli } from './cli.ts';
import type { ConfigOptions } from './config-options.ts';
import { oneLine } from './format.ts';
import { acquaintance, wholeScope, withLastId } from './known-scopes.ts';
import { NOT_INITIALISED, type OpenedStore, withStore } from './open-store.ts';
import type { OutputForm } from './options.ts';
import type { ExitCode } from './output.ts';
import { rulePlace } from './rule-place.ts';
import { readScope } from './scope-words.ts';
import { stillDenying } from './still-denying.ts';
import { type Explained, explainedText } from './why-text.ts';

export interface Asked {
  readonly what: string;
  readonly id: string | undefined;
}

type Options = ConfigOptions & { readonly tenant?: string; readonly output: OutputForm };

/** Explains a scope, or the scopes whose newest change is that decision. Reads the store only, and the rules folder for the place. */
export function explainWhy(cli: Cli, asked: Asked, options: Options): Promise<ExitCode> {
  const named = isDecision(asked, options) ? null : readScope(asked.what, asked.id, options.tenant);
  return withStore<ExitCode>(cli, options, async (opened) => {
    if (opened.epoch === null) cli.terminal.err(`The store ${opened.place} ${NOT_INITIALISED}.\n`);
    const entries =
      named === null
        ? await byDecision(opened, asked.what)
        : [await byScope(opened, await wholeScope(opened, named), cli)];
    for (const entry of entries) {
      const explained = await explain(opened, entry);
      cli.terminal.out(options.output === 'json' ? `${JSON.stringify(explained.json)}\n` : explainedText(explained));
    }
    return 0;
  });
}

/** One word that is no scope text: of a rule or of an operator, or of a change by hand. */
const DECISION_ID = /^([0-9a-f][0-9a-f-]{15,}|hand:[0-9]+)$/i;

function isDecision({ what, id }: Asked, { tenant }: Options): boolean {
  return id === undefined && tenant === undefined && DECISION_ID.test(what) && parseScope(what) === null;
}

async function byDecision({ store, place, config }: OpenedStore, decision: string): Promise<readonly IndexEntry[]> {
  const found: IndexEntry[] = [];
  for await (const entry of allStates(store)) if (entry.state.decision_id === decision.toLowerCase()) found.push(entry);
  if (found.length > 0) return found;
  throw new SentinelError(
    'not_found',
    `No scope on ${place} has its newest change from the decision ${decision}: it was changed since, or never ` +
      `applied. Its records are in ${config.topics.audit} (sentinel audit tail).`,
  );
}

async function byScope(opened: OpenedStore, scope: IndexEntry['scope'], cli: Cli): Promise<IndexEntry> {
  // What was set by hand becomes a state with a reason first.
  await opened.store.adopt([scope], operator(undefined, cli.terminal.env));
  const text = scopeText(scope);
  const state = (await opened.store.read([scope]))[0]?.state ?? null;
  if (state !== null) return { scope, text, state };
  const found = await acquaintance(opened, scope);
  const like =
    found.known || found.nearest === null ? '' : ` The nearest known one is ${withLastId(scope, found.nearest)}.`;
  const rest = (await stillDenying(opened.store, scope)).above.map((entry) => oneLine(entry.text)).join(', ');
  const over = rest === '' ? '' : ` What denies its calls: ${rest}.`;
  throw new SentinelError('not_found', `${oneLine(text)} was never tripped on ${opened.place}.${like}${over}`);
}

async function explain(opened: OpenedStore, entry: IndexEntry): Promise<Explained> {
  const { store, config, epoch } = opened;
  const [reports, now, rest, rule] = await Promise.all([
    store.guards(),
    store.time(),
    stillDenying(store, entry.scope),
    placeOfRule(entry, config.rules.dir),
  ]);
  const guards = countGuards(reports, entry.state, { now, epoch });
  return {
    entry,
    guards,
    now,
    rule,
    rulesDir: config.rules.dir,
    above: rest.above,
    json: {
      store: opened.place,
      scope: entry.text,
      tripped: isTripped(entry.state),
      state: entry.state,
      guards,
      rule: rule,
      also_denied_by: rest.above.map(({ text }) => text),
    },
  };
}

async function placeOfRule({ state }: IndexEntry, dir: string): Promise<SourcePlace | null> {
  return state.rule === null ? null : rulePlace(dir, state.rule);
}
