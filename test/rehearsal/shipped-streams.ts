import { readdirSync, readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import type { AuditFacts } from '../../src/index.ts';
import { type RuleTest, readRuleTests } from '../support/rule-test-file.ts';
import { copies } from '../support/rule-test-run.ts';
import { alertsOf } from './parity.ts';

const FOLDER = new URL('../../rules/', import.meta.url).pathname;
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml') && !name.endsWith('.test.yaml'));

/** All shipped rules in one file. `change` may change the text of one. */
export function shippedRules(change: (file: string, text: string) => string = (_, text) => text): string {
  const files = FILES.map((file) => parse(change(file, readFileSync(`${FOLDER}${file}`, 'utf8'))) as Groups);
  return stringify({ groups: files.flatMap(({ groups }) => groups) });
}

interface Groups {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string }[] }[];
}

export function alertNames(rulesText: string): string[] {
  const { groups } = parse(rulesText) as Groups;
  return groups.flatMap(({ rules }) => rules.map(({ alert }) => alert)).sort();
}

/** One test of a shipped rule: its events, which nobody else's tenants have, and what it expects. */
export interface ShippedStream {
  readonly file: string;
  readonly name: string;
  readonly events: readonly ShippedEvent[];
  readonly expected: RuleTest['alert_rule_test'];
  /** The tenants of this test, by the names that it has for them. */
  readonly tenant: (name: string) => string;
}

export interface ShippedEvent {
  /** ms after the begin. */
  readonly at: number;
  readonly event: Readonly<Record<string, unknown>> & { readonly tenant_id: string };
}

/** Every test of every shipped rule. `apart`: another word makes other tenants of the same tests. */
export function shippedStreams(apart = ''): readonly ShippedStream[] {
  return FILES.flatMap((file) =>
    readRuleTests(`${FOLDER}${file.replace('.yaml', '.test.yaml')}`).tests.map((test, number) => {
      const tenant = (name: string) => `${apart}${file.replace('.yaml', '')}-${number}-${name}`;
      const events = test.input_events.flatMap(copies).map(({ at, event }, n) => ({
        at,
        event: { event_id: `e${n}`, ...event, tenant_id: tenant(event.tenant_id as string) },
      }));
      return { file, name: test.name, events, expected: test.alert_rule_test, tenant };
    }),
  );
}

/** Key texts of one test's alerts of that name that were firing at that time, epoch ms, and their values. */
export function firingAt(facts: readonly AuditFacts[], name: string, tenants: string, at: number) {
  const episodes = alertsOf(facts).filter(
    ({ type, rule, tenant_id, time }) =>
      type.startsWith('alert.') && rule?.name === name && tenant_id?.startsWith(tenants) && Date.parse(time) <= at,
  );
  const over = new Set(episodes.filter(({ type }) => type === 'alert.resolved').map(({ decision_id }) => decision_id));
  return episodes.filter(({ type, decision_id }) => type === 'alert.firing' && !over.has(decision_id));
}
