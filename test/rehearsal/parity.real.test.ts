import { expect, test } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import { DEFAULT_CONFIG } from '../../src/daemon/config/config.ts';
import type { AuditFacts } from '../../src/index.ts';
import { verifyChains } from '../../src/index.ts';
import type { LogRecord, OutMessage } from '../../src/ports/event-log.ts';
import { type DaemonProcess, readiness, startDaemon } from '../e2e/daemon-process.ts';
import { createSetting, type Setting } from '../e2e/setting.ts';
import { until } from '../services/poll.ts';
import { type ProducerClock, timeAt } from './arbitrary-producers.ts';
import { Live } from './live.ts';
import { alertsOf, decisionsOf, differing } from './parity.ts';
import { rehearsed } from './rehearsed.ts';
import { alertNames, shippedRules, shippedStreams } from './shipped-streams.ts';

const PARTITIONS = 4;
const WAIT_MS = 60_000;
const HOUR_MS = 3_600_000;
/** An idle session is told after two seconds, and an active one is too old after three: a test waits for no two hours. */
const SOONER: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  'session-idle.yaml': [['{gt: 15m}', '{gt: 2s}']],
  'session-age.yaml': [
    ['{gt: 2h}', '{gt: 3s}'],
    ['active_within: 5m', 'active_within: 2s'],
  ],
};
const RULES = shippedRules((file, text) =>
  (SOONER[file] ?? []).reduce((changed, [from, to]) => {
    expect(changed).toContain(from);
    return changed.replace(from, to);
  }, text),
);
/** The events of a rule's own test come at their own pace by the producer's clock, and all at once by the broker's. */
const CLOCKS: readonly (readonly [string, ProducerClock])[] = [
  ['right', { kind: 'behind', ms: 4 * HOUR_MS }],
  ['old', { kind: 'old', ms: 200 * 24 * HOUR_MS, pace: 1 }],
  ['late', { kind: 'steps back', after: 10, ms: 90_000 }],
  ['ahead', { kind: 'ahead', ms: 10 * 60_000 }],
];

/** Every test of every shipped rule, by producers with these clocks; tenants take turns, as in life. */
function stream(now: number): OutMessage[] {
  const events = CLOCKS.flatMap(([word, clock]) =>
    shippedStreams(`${word}-`).flatMap(({ events }) =>
      events.map(({ at, event }, index) => ({ at, event: { ...event, ts: timeAt(clock, now, now + at, index) } })),
    ),
  );
  events.sort((a, b) => a.at - b.at);
  return events.map(({ event }) => ({ key: event.tenant_id, value: JSON.stringify(event) }));
}

async function produce({ log, topics }: Setting, messages: readonly OutMessage[]): Promise<void> {
  for (let at = 0; at < messages.length; at += 100) await log.append(topics.events, messages.slice(at, at + 100));
}

/** One event of a session of that name, now. */
function call(session: string, number: number): OutMessage {
  const event = { event_id: `${session}-${number}`, ts: Date.now(), tenant_id: 'closing', session_id: session };
  return { key: 'closing', value: JSON.stringify({ ...event, tool: 'search', kind: 'read', args: { q: number } }) };
}

/** A session that works for longer than allowed; then one in each partition that falls silent. @returns when the first did */
async function close(setting: Setting): Promise<number> {
  const { log, topics } = setting;
  const alerts = async (rule: string, session: string) =>
    (await setting.audit()).filter(
      ({ type, rule: fired, session_id }) => type === 'alert.firing' && fired?.name === rule && session_id === session,
    );
  let number = 0;
  const isTooOld = async () => {
    await log.append(topics.events, [call('busy', number++)]);
    return (await alerts('SessionAge', 'busy')).length > 0;
  };
  expect(await until(isTooOld, WAIT_MS, 300)).toBe(true);
  const last = Array.from({ length: PARTITIONS }, (_, partition) => ({ ...call(`last-${partition}`, 0), partition }));
  await log.append(topics.events, last);
  const times: number[] = [];
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const fell = () => alerts('SessionIdle', `last-${partition}`);
    expect(await until(async () => (await fell()).length > 0, WAIT_MS, 200)).toBe(true);
    times.push(Date.parse((await fell())[0]!.time));
  }
  return Math.min(...times);
}

/** The daemon as a process: it reads a part, another part waits for it while it is down, and the rest comes live. */
async function lived(setting: Setting): Promise<number> {
  const messages = stream(Date.now());
  const third = Math.ceil(messages.length / 3);
  const begin = async (): Promise<DaemonProcess> => {
    const daemon = await startDaemon(['--config', setting.config]);
    expect(await until(async () => (await readiness(daemon)).ready, WAIT_MS)).toBe(true);
    return daemon;
  };
  const first = await begin();
  await produce(setting, messages.slice(0, third));
  expect(await first.stop()).toBe(0);
  await produce(setting, messages.slice(third, 2 * third));
  const second = await begin();
  await produce(setting, messages.slice(2 * third));
  const to = await close(setting);
  expect(await second.stop()).toBe(0);
  expect(second.errors()).toBe('');
  return to;
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
async function embedded({ log, topics }: Setting, to: number) {
  const records: LogRecord[] = [];
  await log.readAll(topics.events, (record) => records.push({ ...record, value: record.value?.slice() ?? null }));
  records.sort((a, b) => a.appendedAt - b.appendedAt || a.partition - b.partition || a.offset - b.offset);
  const said = { topics, tools: DEFAULT_CONFIG.tools };
  const identity = await log.identity();
  const live = new Live({ rules: RULES, said, partitions: PARTITIONS, time: records[0]!.appendedAt, identity });
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
    return { audit, past: await rehearsed(live, RULES, { to }) };
  } finally {
    await live.close();
  }
}

function positions(records: readonly LogRecord[]): string[] {
  return records.map(({ partition, offset, appendedAt }) => `${partition} ${offset} ${appendedAt}`).sort();
}

test('every shipped rule: the Kafka daemon, the embedded daemon and the backtest have the same alerts and decisions, ids and times', async () => {
  const setting = await createSetting({ rules: RULES, partitions: PARTITIONS });
  try {
    const to = await lived(setting);
    const records = await setting.audit();
    expect(differing(records)).toEqual([]);
    expect(verifyChains(records)).toEqual([]);
    // What the daemon did after the others' end is not theirs to know.
    const kafka = alertsOf(records).filter(({ time }) => Date.parse(time) <= to);
    const past = await backtested(setting, to);
    expect([...new Set(past.map(({ rule }) => rule!.name))].sort()).toEqual(alertNames(RULES));

    expect(alertsOf(past)).toEqual(kafka);
    expect(decisionsOf(past)).toEqual(decisionsOf(records));
    const other = await embedded(setting, to);
    expect(alertsOf(other.audit)).toEqual(kafka);
    expect(decisionsOf(other.audit)).toEqual(decisionsOf(records));
    expect(alertsOf(other.past)).toEqual(kafka);
    expect(decisionsOf(other.past)).toEqual(decisionsOf(past));

    // Where only the producer's clock is old, each rule's own tests hold; idle and age are of the broker's clock.
    const fired = new Set(
      past.filter(({ type }) => type === 'alert.firing').map((one) => `${one.rule?.name} ${one.tenant_id}`),
    );
    for (const word of ['right-', 'old-']) {
      for (const { file, name, expected, tenant } of shippedStreams(word)) {
        if (file in SOONER) continue;
        for (const { alertname } of expected) {
          const should = expected.some((one) => one.alertname === alertname && one.exp_alerts.length > 0);
          expect([name, fired.has(`${alertname} ${tenant('acme')}`)]).toEqual([name, should]);
        }
      }
    }
  } finally {
    await setting.dispose();
  }
}, 180_000);
