import { describe, expect, test } from 'vitest';
import { drain } from '../../crash/drain.ts';
import { brokenLaws } from '../../crash/laws.ts';
import { planOf } from '../../crash/plan.ts';
import type { PlanOptions } from '../../crash/plan-options.ts';
import { CRASH_RULES } from '../../crash/rules.ts';
import { FROM_SOURCE } from './daemon-process.ts';
import { createEmbeddedSetting } from './embedded-setting.ts';
import { createSetting, type Setting } from './setting.ts';

/** `npm run crash` in small. */
async function survives(setting: Setting, options: Omit<PlanOptions, 'seed'>): Promise<void> {
  const plan = planOf({ ...options, seed: Math.floor(Math.random() * 2 ** 31) });
  try {
    const account = await drain(setting, plan, { program: FROM_SOURCE, say: () => {} });
    expect(brokenLaws(account), `npm run crash -- --seed ${plan.options.seed}`).toEqual([]);
  } finally {
    await setting.dispose();
  }
}

describe('kill -9 in the middle of a drain: every incident is decided once, one audit record per id, the state right', () => {
  test('on real Kafka and Redis, with a second instance', async () => {
    const setting = await createSetting({ rules: CRASH_RULES });
    await survives(setting, { events: 20_000, incidents: 30, kills: 3, restores: 3, second: true });
  });

  test('on the embedded default', async () => {
    const setting = createEmbeddedSetting(CRASH_RULES);
    await survives(setting, { events: 10_000, incidents: 20, kills: 3, restores: 3, second: true });
  });
});
