/** The same positioned records through the Kafka daemon, the embedded daemon and the backtest: equal, to ids and times. */
import { expect } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import { DEFAULT_CONFIG } from '../../src/daemon/config/config.ts';
import { type AuditFacts, verifyChains } from '../../src/index.ts';
import type { LogRecord } from '../../src/ports/event-log.ts';
import type { Setting } from '../e2e/setting.ts';
import { kept } from '../support/kept-record.ts';
import { Live } from './live.ts';
import { alertsOf, decisionsOf, differing } from './parity.ts';
import { rehearsed } from './rehearsed.ts';

/** After the Kafka daemon has stopped; all its partitions had reached the horizon `to`. @returns what the backtest says */
export async function expectThreeWays(setting: Setting, rules: string, to: number): Promise<AuditFacts[]> {
  const records = await setting.audit();
  expect(differing(records)).toEqual([]);
  expect(verifyChains(records)).toEqual([]);
  // What the daemon did after the others' end is not theirs to know.
  const kafka = {
    alerts: alertsOf(records).filter(({ time }) => Date.parse(time) <= to),
    decisions: decisionsOf(records),
  };

  const past = await backtested(setting, to);
  expect(alertsOf(past)).toEqual(kafka.alerts);
  expect(decisionsOf(past)).toEqual(kafka.decisions);
  const other = await embedded(setting, rules, to);
  expect(alertsOf(other.audit)).toEqual(kafka.alerts);
  expect(decisionsOf(other.audit)).toEqual(kafka.decisions);
  expect(alertsOf(other.past)).toEqual(kafka.alerts);
  expect(decisionsOf(other.past)).toEqual(kafka.decisions);
  return past;
}

/** The public command over the topic, up to that horizon. */
async function backtested({ config, rulesDir }: Setting, to: number): Promise<AuditFacts[]> {
  let out = '';
  const terminal = { out: (text: string) => void (out += text), err: () => {}, isTty: false, env: {} };
  const line = ['rules', 'backtest', '--config', config, '--rules', rulesDir, '--kafka', '--to', String(to)];
  expect(await runProgram([...line, '-o', 'json'], terminal)).toBe(0);
  return out
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text) as AuditFacts);
}

/** The same records, at the same positions and times, in an embedded daemon that takes the other's log for its own. */
async function embedded({ log, topics }: Setting, rules: string, to: number) {
  const records: LogRecord[] = [];
  await log.readAll(topics.events, (record) => records.push(kept(record)));
  records.sort((a, b) => a.appendedAt - b.appendedAt || a.partition - b.partition || a.offset - b.offset);
  const said = { topics, tools: DEFAULT_CONFIG.tools };
  const identity = await log.identity();
  const partitions = (await log.partitions(topics.events)).length;
  const live = new Live({ rules, said, partitions, time: records[0]!.appendedAt, identity });
  try {
    await live.start();
    for (let at = 0; at < records.length; ) {
      const { appendedAt } = records[at]!;
      const next = records.findIndex((record, index) => index > at && record.appendedAt !== appendedAt);
      const together = records.slice(at, next === -1 ? records.length : next);
      live.clock.time = appendedAt;
      await live.append(together.map(({ partition, value }) => ({ key: null, value, partition })));
      at += together.length;
    }
    expect(positions(await live.records())).toEqual(positions(records));
    live.clock.time = to;
    await live.settle(2_000);
    const audit = await live.audit();
    return { audit, past: await rehearsed(live, rules, { to }) };
  } finally {
    await live.close();
  }
}

function positions(records: readonly LogRecord[]): string[] {
  return records.map(({ partition, offset, appendedAt }) => `${partition} ${offset} ${appendedAt}`).sort();
}
