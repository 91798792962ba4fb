import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedEventLog } from '../../src/adapters/embedded/event-log.ts';
import { openEmbeddedKillStore } from '../../src/adapters/embedded/kill-store.ts';
import { DEFAULT_TOPICS } from '../../src/daemon/config/config.ts';
import { DEFAULT_NAMES } from '../../src/killswitch/keys.ts';
import { auditIn, type Setting, UNLIMITED } from './setting.ts';

/** The same on the embedded log and store, which the daemon shares with the test. */
export function createEmbeddedSetting(rules: string): Setting {
  const dir = mkdtempSync(join(tmpdir(), 'sentinel-e2e-'));
  const rulesDir = join(dir, 'rules.d');
  const config = join(dir, 'sentinel.yaml');
  mkdirSync(rulesDir);
  writeFileSync(join(rulesDir, 'rules.yaml'), rules);
  writeFileSync(config, `embedded: {dir: "${join(dir, 'data')}"}\nrules: {dir: "${rulesDir}"}\n${UNLIMITED}`);
  const clock = { now: () => Date.now() };
  const place = { dir: join(dir, 'data'), clock };
  const log = openEmbeddedEventLog({ ...place, topics: DEFAULT_TOPICS });
  const names = { ...DEFAULT_NAMES, key_prefix: '' };
  const store = openEmbeddedKillStore({ ...place, names, modeWhenEnabled: 'disable_writes' });
  return {
    dir,
    topics: DEFAULT_TOPICS,
    config,
    rulesDir,
    store,
    log,
    keyPrefix: '',
    audit: () => auditIn(log, DEFAULT_TOPICS.audit),
    dispose: async () => {
      await store.close();
      await log.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
