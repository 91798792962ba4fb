import { describe, test } from 'vitest';
import { CRASH_RULES, survivesCrashes } from './crash-laws.ts';
import { createEmbeddedSetting } from './embedded-setting.ts';
import { createSetting } from './setting.ts';

describe('kill -9 in the middle of a drain: every planted incident is decided once, one audit record per id, the state right', () => {
  test('on real Kafka and Redis', async () => {
    await survivesCrashes(await createSetting({ rules: CRASH_RULES }), {
      events: 20_000,
      incidents: 30,
      kills: [3, 12],
    });
  });

  test('on the embedded default', async () => {
    await survivesCrashes(createEmbeddedSetting(CRASH_RULES), { events: 10_000, incidents: 20, kills: [3, 8] });
  });
});
