import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AuditRecord } from '../../src/index.ts';
import type { OutMessage } from '../../src/ports/event-log.ts';
import { type DaemonProcess, readiness, startDaemon } from '../e2e/daemon-process.ts';
import { createSetting, type Setting } from '../e2e/setting.ts';
import { until } from '../services/poll.ts';
import { anyMixture, mixedMessages, mixedRules } from './arbitrary-mixtures.ts';
import { type ProducerClock, timeAt } from './arbitrary-producers.ts';
import { decisionsOf } from './parity.ts';
import { alertNames, shippedRules, shippedStreams } from './shipped-streams.ts';
import { expectThreeWays } from './three-ways.ts';

const PARTITIONS = 4;
const WAIT_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Random rule sets, each with a stream of its own. */
const MIXTURES = Number(process.env.FC_RUNS ?? 0) || 40;
/** When no window, wait or pause of a random rule goes on any more, that partition is told to be silent. */
const CLOSED = {
  alert: 'Closed',
  type: 'session_idle',
  match: { tenant: 'closing' },
  condition: { gt: '5s' },
  severity: 'warning',
};
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

async function firing(setting: Setting, rule: string, session: string): Promise<AuditRecord[]> {
  return (await setting.audit()).filter(
    ({ type, rule: fired, session_id }) => type === 'alert.firing' && fired?.name === rule && session_id === session,
  );
}

/** A session that works for longer than allowed. */
async function workTooLong(setting: Setting): Promise<void> {
  let number = 0;
  const isTooOld = async () => {
    await setting.log.append(setting.topics.events, [call('busy', number++)]);
    return (await firing(setting, 'SessionAge', 'busy')).length > 0;
  };
  expect(await until(isTooOld, WAIT_MS, 300)).toBe(true);
}

/** In each partition a session falls silent. @returns when that rule said so of the first: all partitions have come as far */
async function fallSilent(setting: Setting, rule: string): Promise<number> {
  const last = Array.from({ length: PARTITIONS }, (_, partition) => ({ ...call(`last-${partition}`, 0), partition }));
  await setting.log.append(setting.topics.events, last);
  const times: number[] = [];
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const told = () => firing(setting, rule, `last-${partition}`);
    expect(await until(async () => (await told()).length > 0, WAIT_MS, 200)).toBe(true);
    times.push(Date.parse((await told())[0]!.time));
  }
  return Math.min(...times);
}

type Produce = () => Promise<void>;

/** The daemon as a process: it reads the first, the second waits for it while it is down, and the third comes live. */
async function lived<T>(
  setting: Setting,
  [before, meanwhile]: readonly [Produce, Produce],
  after: () => Promise<T>,
): Promise<T> {
  const begin = async (): Promise<DaemonProcess> => {
    const daemon = await startDaemon(['--config', setting.config]);
    expect(await until(async () => (await readiness(daemon)).ready, WAIT_MS)).toBe(true);
    return daemon;
  };
  const first = await begin();
  await before();
  expect(await first.stop()).toBe(0);
  await meanwhile();
  const second = await begin();
  const result = await after();
  expect(await second.stop()).toBe(0);
  expect(second.errors()).toBe('');
  return result;
}

test('every shipped rule: the Kafka daemon, the embedded daemon and the backtest have the same alerts and decisions, ids and times', async () => {
  const setting = await createSetting({ rules: RULES, partitions: PARTITIONS });
  try {
    const messages = stream(Date.now());
    const third = Math.ceil(messages.length / 3);
    const part = (from: number) => produce(setting, messages.slice(from, from + third));
    const to = await lived(setting, [() => part(0), () => part(third)], async () => {
      await part(2 * third);
      await workTooLong(setting);
      return fallSilent(setting, 'SessionIdle');
    });
    const past = await expectThreeWays(setting, RULES, to);
    expect([...new Set(past.map(({ rule }) => rule!.name))].sort()).toEqual(alertNames(RULES));
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

test('random rule sets of every type, all at once: the three are the same', async () => {
  const seed = Number(process.env.FC_SEED ?? 0) || Date.now() % 2 ** 31;
  const mixtures = fc.sample(anyMixture, { numRuns: MIXTURES, seed });
  const rules = mixedRules(mixtures, CLOSED);
  const setting = await createSetting({ rules, partitions: PARTITIONS });
  try {
    const third = Math.ceil(mixtures.length / 3);
    const part = async (from: number) => {
      for (const mixture of mixtures.slice(from, from + third)) {
        const messages = mixedMessages(mixture, mixtures.indexOf(mixture), Date.now());
        for (let at = 0; at < messages.length; at += 10)
          await setting.log.append(setting.topics.events, messages.slice(at, at + 10));
      }
    };
    const to = await lived(setting, [() => part(0), () => part(third)], async () => {
      await part(2 * third);
      return fallSilent(setting, 'Closed');
    });
    const past = await expectThreeWays(setting, rules, to);
    const fired = new Set(past.filter(({ type }) => type === 'alert.firing').map(({ rule }) => rule?.name));
    expect(fired.size).toBeGreaterThan(MIXTURES);
    expect(decisionsOf(past).length).toBeGreaterThan(MIXTURES);
  } catch (error) {
    throw new Error(`FC_SEED=${seed}`, { cause: error });
  } finally {
    await setting.dispose();
  }
}, 180_000);
