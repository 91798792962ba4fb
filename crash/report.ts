import { table } from '../src/cli/output.ts';
import type { Account } from './account.ts';
import { LAWS } from './laws.ts';
import type { PlanOptions } from './plan-options.ts';

/** A setting's run, judged. */
export interface Result {
  readonly setting: string;
  readonly seconds: number;
  readonly facts: Readonly<Record<string, number>>;
  readonly laws: readonly { readonly law: string; readonly broken: readonly string[] }[];
}

export function resultOf(setting: string, account: Account, seconds: number): Result {
  const { plan, records, states } = account;
  const ids = new Set(records.map(({ id }) => id));
  const count = (type: string) => new Set(records.filter((one) => one.type === type).map(({ id }) => id)).size;
  return {
    setting,
    seconds: Math.round(seconds),
    facts: {
      'events appended': account.appended,
      'incidents planted': plan.incidents.length + plan.closing.length,
      'kill -9': plan.steps.length,
      'second instance joined': plan.steps.filter(({ second }) => second === 'joins').length,
      'sessions terminated': count('session.terminated'),
      'tenants tripped': count('switch.tripped'),
      'scopes restored': plan.restores.length,
      'scopes with a state': states.length,
      'audit records': ids.size,
      'of these written more than once': records.length - ids.size,
      'writers of audit records': new Set(records.map(({ chain }) => chain.writer)).size,
    },
    laws: LAWS.map(({ name, broken }) => ({ law: name, broken: broken(account) })),
  };
}

/** How many sentences of a broken law a person is shown; the file has all. */
const SHOWN = 10;

export function reportText({ seed }: PlanOptions, results: readonly Result[]): string {
  const facts = Object.keys(results[0]?.facts ?? {});
  const head = [`seed ${seed}`, ...results.map(({ setting }) => setting)];
  const rows = [
    ...facts.map((name) => [name, ...results.map((one) => one.facts[name]!.toLocaleString('en'))]),
    ['seconds', ...results.map(({ seconds }) => String(seconds))],
    ...LAWS.map(({ name }, n) => [
      name,
      ...results.map(({ laws }) => (laws[n]!.broken.length === 0 ? 'held' : 'BROKEN')),
    ]),
  ];
  return [table([head, ...rows]), ...results.flatMap(brokenText)].join('\n');
}

function brokenText({ setting, laws }: Result): string[] {
  return laws.flatMap(({ law, broken }) => {
    if (broken.length === 0) return [];
    const more = broken.length > SHOWN ? `… and ${broken.length - SHOWN} more` : '';
    return [`BROKEN on ${setting}: ${law}`, ...broken.slice(0, SHOWN).map((one) => `  ${one}`), more, ''];
  });
}
