import type { AuditFacts } from '../domain/audit-record.ts';
import type { RuleSet } from '../domain/rule.ts';
import { ALL_TIME, Backtest, type TimeSpan } from './backtest.ts';
import { Feed } from './feed.ts';
import { Intake } from './intake.ts';
import type { Positioned } from './positioned-line.ts';
import type { RehearsalSettings } from './rehearsed-partition.ts';
import { Summary } from './summary.ts';

export type { TimeSpan } from './backtest.ts';
export type { Rejected } from './intake.ts';
export { Intake } from './intake.ts';
export type { LimitPeak } from './limit-peaks.ts';
export type { Positioned } from './positioned-line.ts';
export type { RehearsalSettings } from './rehearsed-partition.ts';
export type { KeySummary, RuleSummary } from './summary.ts';
export { Summary } from './summary.ts';

export interface BacktestOptions {
  readonly rules: RuleSet;
  readonly settings: RehearsalSettings;
  /** Of each partition in the order of offsets; events as values or as bytes of JSON. */
  readonly records: Iterable<Positioned<unknown>> | AsyncIterable<Positioned<unknown>>;
  /** Default: everything, to the last record. */
  readonly span?: TimeSpan;
}

export interface BacktestResult {
  readonly intake: Intake;
  readonly summary: Summary;
}

/**
 * The real engine and responder over past events: yields the audit records that they would have left, as they occur, and
 * returns the counts.
 */
export async function* backtest(options: BacktestOptions): AsyncGenerator<AuditFacts, BacktestResult> {
  const { rules, settings, records, span = ALL_TIME } = options;
  const summary = new Summary(rules, settings.responder);
  const intake = new Intake();
  let left: AuditFacts[] = [];
  const run = new Backtest(rules, settings, span, (step, record) => {
    summary.add(step);
    const facts = record();
    if (facts !== null) left.push(facts);
  });
  const feed = new Feed([run], intake);
  for await (const record of records) {
    feed.event(record);
    if (left.length === 0) continue;
    yield* left;
    left = [];
  }
  feed.end();
  yield* left;
  return { intake, summary };
}
