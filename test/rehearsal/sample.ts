/** Small written histories, and a backtest of their bytes as the command makes one. */
import { DEFAULT_CONFIG } from '../../src/daemon/config/config.ts';
import { responderSettings } from '../../src/daemon/parts.ts';
import type { AuditFacts } from '../../src/domain/audit-record.ts';
import type { RuleSet } from '../../src/domain/rule.ts';
import { ALL_TIME, Backtest, type TimeSpan } from '../../src/rehearsal/backtest.ts';
import { Feed } from '../../src/rehearsal/feed.ts';
import { Intake } from '../../src/rehearsal/intake.ts';
import type { RehearsalSettings } from '../../src/rehearsal/rehearsed-partition.ts';
import { parseRules } from '../../src/rules/parse.ts';

export const START = Date.UTC(2026, 0, 1);

export const SETTINGS: RehearsalSettings = {
  topic: 'agent.tool-calls',
  format: 'json',
  tools: { write: [], read: [] },
  sessionEndsAfterMs: DEFAULT_CONFIG.sessionEndsAfterMs,
  responder: responderSettings(DEFAULT_CONFIG, 'test'),
};

export function ruleSet(...rules: readonly object[]): RuleSet {
  const named = rules.map((rule, n) => ({ ...DEFAULT_RULE, alert: `Rule${n}`, ...rule }));
  const result = parseRules([{ name: 'r.yaml', content: JSON.stringify({ groups: [{ name: 'g', rules: named }] }) }]);
  if (result.status === 'invalid') throw new Error(result.problems.map(({ message }) => message).join('\n'));
  return result.set;
}

const DEFAULT_RULE = {
  type: 'event_count',
  group_by: ['session'],
  window: '1m',
  condition: { gte: 3 },
  severity: 'critical',
};

let counter = 0;

/** An event that many ms after the start. */
export function event(at: number, said: object = {}): object {
  return {
    event_id: `e${counter++}`,
    ts: START + at,
    tenant_id: 'acme',
    session_id: 's1',
    tool: 'pay',
    kind: 'write',
    ...said,
  };
}

export function positioned(partition: number, offset: number, at: number, said: object = {}): object {
  return { partition, offset, appended_at: START + at, event: event(at, said) };
}

export function ndjson(...lines: readonly (object | string)[]): Uint8Array {
  return Buffer.from(lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''));
}

export interface Ran {
  readonly facts: readonly AuditFacts[];
  readonly intake: Intake;
  readonly backtest: Backtest;
}

/** `cuts`: where the bytes are cut into chunks. */
export function run(rules: RuleSet, bytes: Uint8Array, span: TimeSpan = ALL_TIME, cuts: readonly number[] = []): Ran {
  const facts: AuditFacts[] = [];
  const backtest = new Backtest(rules, SETTINGS, span, (_, record) => {
    const left = record();
    if (left !== null) facts.push(left);
  });
  const intake = new Intake();
  const feed = new Feed([backtest], intake);
  const cutter = feed.source('events.ndjson');
  for (const [i, cut] of [...cuts, bytes.length].entries())
    cutter.push(Buffer.from(bytes.slice(cuts[i - 1] ?? 0, cut)));
  cutter.end();
  feed.end();
  return { facts, intake, backtest };
}

/** `time type rule session` of each record, times in ms from the start. */
export function told({ facts }: Ran): string[] {
  return facts.map(({ time, type, rule, session_id }) =>
    [Date.parse(time) - START, type, rule?.name, session_id].join(' '),
  );
}
