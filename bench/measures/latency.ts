import { setTimeout as pause } from 'node:timers/promises';
import { type Scope, scopeText } from '../../src/domain/scope.ts';
import type { BaselineInput } from '../baselines/consumer.ts';
import { startTask } from '../child.ts';
import { DaemonProcess } from '../daemon.ts';
import { atMost, type Figure, figureOf, median, quantile } from '../figure.ts';
import type { Measure } from '../measure.ts';
import { type Bench, repeated, size } from '../services.ts';
import { createSetting, type Setting } from '../setting.ts';
import type { LoadInput, LoadResult, SessionIds } from '../tasks/load.ts';

const PROBE_EVERY_MS = 50;

type Subject = 'sentinel' | 'bare chain';

/** From before the deciding event is produced to the refusal, with producer, broker, Redis and guard on the same cores. */
export const latency: Measure = {
  name: 'latency',
  about: 'event produced → the next guard check refuses, against a bare produce → consume → publish → subscribe chain',
  async run(bench) {
    const figures: Figure[] = [];
    for (const rate of [1_000, 10_000]) figures.push(...(await atRate(bench, rate)));
    return figures;
  },
};

async function atRate(bench: Bench, rate: number): Promise<readonly Figure[]> {
  const runs = await repeated(bench, `latency at ${rate}/s`, async () => ({
    chain: await probedBy(bench, 'bare chain', rate),
    sentinel: await probedBy(bench, 'sentinel', rate),
  }));
  const missing = runs.flatMap(({ sentinel }) => sentinel.missed);
  const figure = (subject: Subject, share: number) => {
    const name = subject === 'sentinel' ? 'sentinel' : 'chain';
    const values = runs.map((run) => ({ value: quantile(run[name].latencies, share) }));
    const beside = median(
      runs.map(({ sentinel, chain }) => quantile(sentinel.latencies, share) / quantile(chain.latencies, share)),
    );
    const p = `p${share * 100}`;
    const goals = [atMost('reach', 2, ` × ${p} of the chain`, beside)];
    if (rate === 1_000 && share === 0.99)
      goals.push(atMost('reach', 25, ' ms', median(values.map(({ value }) => value))));
    return figureOf(
      {
        ...{ measure: 'latency', subject, what: `ms, ${p} at ${rate} events/s` },
        workload: {
          events: runs[0]![name].sent,
          sessions: SESSIONS,
          batch: rate / 100,
          rules: subject === 'sentinel' ? 'five' : null,
        },
        goals: subject === 'sentinel' ? goals : [],
        invalid: subject === 'sentinel' && missing.length > 0 ? `not refused: ${missing.join(', ')}` : null,
        notes: `${runs[0]![name].latencies.length} probes a run; batch: records per produce request`,
      },
      values,
    );
  };
  return [figure('sentinel', 0.5), figure('sentinel', 0.99), figure('bare chain', 0.5), figure('bare chain', 0.99)];
}

const SESSIONS = 100_000;

interface Probed extends LoadResult {
  /** Probes that were not refused, and what the store holds of them. */
  readonly missed: readonly string[];
}

async function probedBy(bench: Bench, subject: Subject, rate: number): Promise<Probed> {
  const setting = await createSetting(await bench.services());
  const child = subject === 'sentinel' ? await startedDaemon(setting) : await startedBaseline('chain', setting);
  const load = await startedLoad(setting, rate, subject === 'sentinel' ? 'guard' : 'channel');
  await pause(size(bench, 10_000, 2_000));
  load.forget();
  await pause(size(bench, 20_000, 3_000));
  const result = await load.stop();
  await child.stop();
  const missed = subject === 'sentinel' ? await lookUp(setting, result.missing) : [];
  await setting.close();
  return { ...result, missed };
}

/** Whether a probe that was not refused had been killed: then its guard did not hear of it; else nobody decided. */
async function lookUp({ store }: Setting, missing: readonly SessionIds[]): Promise<readonly string[]> {
  const scopes = missing.map(({ tenantId, sessionId }): Scope => {
    return { kind: 'session', tenant: tenantId, session: sessionId };
  });
  const readings = await store.read(scopes);
  return readings.map(
    ({ scope, state }) => `${scopeText(scope)}, which the store holds as ${state?.mode ?? 'running'}`,
  );
}

export async function startedDaemon(setting: Setting) {
  const daemon = new DaemonProcess(setting.config);
  await daemon.said('reading events');
  return daemon.child;
}

/** A baseline that has joined its group. */
export async function startedBaseline(name: 'chain' | 'naive', setting: Setting) {
  const { brokers, redisUrl, topics, groupId, keyPrefix } = setting;
  const input: BaselineInput = { brokers: [...brokers], redisUrl, topic: topics.events, groupId, keyPrefix, events: 0 };
  const child = startTask(`baselines/${name}`, { ...input, auditTopic: topics.audit });
  await child.next('ready');
  await child.ask({ go: true }, 'joined');
  return child;
}

export async function startedLoad(setting: Setting, rate: number, probes: LoadInput['probes']) {
  const { brokers, redisUrl, topics, keyPrefix } = setting;
  const input: LoadInput = {
    ...{ brokers: [...brokers], topic: topics.events, partitions: 12, rate, sessions: SESSIONS },
    ...{ redisUrl, keyPrefix, probes, probeEveryMs: PROBE_EVERY_MS },
  };
  const child = startTask('tasks/load', input);
  await child.next('ready');
  return {
    forget: () => child.send({ forget: true }),
    stop: async () => {
      const result = await child.ask<LoadResult>({ stop: true }, 'result');
      await child.kill();
      return result;
    },
  };
}
