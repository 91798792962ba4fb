import { type AuditFacts, backtest, parseRules, problemText, rehearsalSettings } from '../../src/index.ts';
import type { Live } from './live.ts';

/** A backtest of what stands in a daemon's log, as its configuration judges: up to a horizon, from these offsets on. */
export async function rehearsed(
  live: Live,
  rulesText: string,
  { to, from = [] }: { readonly to: number; readonly from?: readonly number[] },
): Promise<AuditFacts[]> {
  const parsed = parseRules([{ name: 'all.yaml', content: rulesText }]);
  if (parsed.status === 'invalid') throw new Error(parsed.problems.map(problemText).join('\n'));
  const records = (await live.records()).filter(({ partition, offset }) => offset >= (from[partition] ?? 0));
  const facts: AuditFacts[] = [];
  const past = backtest({
    rules: parsed.set,
    settings: rehearsalSettings(live.config, await live.log.identity()),
    records: records.map(({ value, ...position }) => ({ ...position, event: value })),
    span: { from: Number.NEGATIVE_INFINITY, to },
  });
  for await (const one of past) facts.push(one);
  return facts;
}
