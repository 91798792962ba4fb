import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type Child, startTask } from '../child.ts';
import { atMost, figureOf, median, quantile } from '../figure.ts';
import type { Measure } from '../measure.ts';
import { monotonicMs } from '../monotonic.ts';
import { repeated, size } from '../services.ts';
import { createSetting, type Setting } from '../setting.ts';
import type { FlipGuardsInput } from '../tasks/flip-guards.ts';
import { initialised } from './guard-check.ts';

const PROCESSES = 5;
const GUARDS = 10;
const TENANT = 'flipped';
const BENCH = { kind: 'operator', id: 'bench' } as const;

/** From before an operator's flip is asked for until the last guard of the last process refuses. */
export const flip: Measure = {
  name: 'flip',
  about: `flip of a tenant → the last of ${PROCESSES * GUARDS} guards in ${PROCESSES} processes refuses`,
  async run(bench) {
    const flips = size(bench, 200, 20);
    const setting = await createSetting(await bench.services());
    await initialised(setting);
    const redis = { url: setting.redisUrl, keyPrefix: setting.keyPrefix };
    const children = Array.from({ length: PROCESSES }, (_, place) =>
      startTask('tasks/flip-guards', { redis, tenant: TENANT, guards: GUARDS, place } satisfies FlipGuardsInput),
    );
    await Promise.all(children.map((child) => child.next('ready')));
    const runs = await repeated(bench, 'flip', () => flipped(setting, children, flips));
    await Promise.all(children.map((child) => child.kill()));
    await setting.close();
    const workload = { events: flips, sessions: PROCESSES * GUARDS, batch: null, rules: null };
    return [0.5, 0.99].map((share) => {
      const values = runs.map((times) => ({ value: quantile(times, share) }));
      const goals = share === 0.99 ? [atMost('reach', 50, ' ms', median(values.map(({ value }) => value)))] : [];
      return figureOf({ measure: 'flip', subject: 'sentinel', what: `ms, p${share * 100}`, workload, goals }, values);
    });
  },
};

async function flipped(setting: Setting, children: readonly Child[], flips: number): Promise<readonly number[]> {
  const times: number[] = [];
  // The first ones are the compilers'.
  for (let n = -10; n < flips; n++) {
    const took = await flipOnce(setting, children);
    if (n >= 0) times.push(took);
  }
  return times;
}

async function flipOnce({ store }: Setting, children: readonly Child[]): Promise<number> {
  const refused = Promise.all(children.map((child) => child.next<number>('refusedAt')));
  const scope = { kind: 'tenant', tenant: TENANT } as const;
  const change = { scope, reason: 'bench', actor: BENCH };
  const begun = monotonicMs();
  await store.trip({
    ...{
      ...change,
      decisionId: randomUUID(),
      mode: 'stop_all',
      rule: null,
      evidence: null,
      ttlMs: null,
      inFlight: null,
    },
    audit: { severity: 'critical', action: 'flip_tenant', rule: null, evidence: null, timing: null },
  });
  const last = Math.max(...(await refused));
  await store.clear({ ...change, decisionId: randomUUID(), holdMs: null });
  await Promise.all(children.map((child) => child.ask({ lift: true }, 'lifted')));
  // Nothing of the last one is under way when the next begins.
  await pause(20);
  return last - begun;
}
