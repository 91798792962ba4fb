import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KafkaEventLog } from '../src/adapters/kafka/event-log.ts';
import { RedisKillStore } from '../src/adapters/redis/kill-store.ts';
import { DEFAULT_CONFIG } from '../src/daemon/config/config.ts';
import type { AuditRecord } from '../src/domain/audit-record.ts';
import { DEFAULT_NAMES } from '../src/killswitch/keys.ts';
import type { EventLog, Topics } from '../src/ports/event-log.ts';
import type { KillStore } from '../src/ports/kill-store.ts';
import { temporaryDirectory } from '../test/services/leash.ts';
import type { Services } from '../test/services/services.ts';
import { rootPath } from './child.ts';
import { flagText } from './flags.ts';

/** Topics, keys and configuration of one run, on servers that all runs share. */
export interface Setting {
  readonly brokers: readonly string[];
  readonly redisUrl: string;
  readonly topics: Topics;
  readonly keyPrefix: string;
  readonly groupId: string;
  /** Path of its `sentinel.yaml`. */
  readonly config: string;
  readonly log: EventLog;
  readonly store: KillStore;
  /** What its audit topic says that fired. */
  flagged(): Promise<ReadonlySet<string>>;
  close(): Promise<void>;
}

export interface SettingOptions {
  /** An events topic that is there already. */
  readonly events?: string;
  /** Of the events topic, where it is made. Default 12. */
  readonly partitions?: number;
}

let count = 0;

export async function createSetting(services: Services, options: SettingOptions = {}): Promise<Setting> {
  const { kafkaBrokers: brokers, redisUrl } = services;
  const name = `bench-${process.pid}-${++count}`;
  const { events = `${name}.events`, partitions = 12 } = options;
  const topics = { events, audit: `${name}.audit`, kill_state: `${name}.state`, dead_letter: `${name}.dead-letter` };
  const keyPrefix = `${name}:`;
  const dir = temporaryDirectory('bench');
  mkdirSync(join(dir, 'run'));
  const config = join(dir, 'sentinel.yaml');
  const said = { kafka: { brokers, group_id: name, topics }, redis: { url: redisUrl, key_prefix: keyPrefix } };
  // JSON is YAML.
  writeFileSync(config, JSON.stringify({ ...said, rules: { dir: rootPath('bench/rules') }, responder: UNLIMITED }));
  const log = new KafkaEventLog({
    ...{ brokers, groupId: `${name}-bench`, clock: { now: () => Date.now() }, log: () => {} },
    topics: { events, audit: topics.audit, kill_state: topics.kill_state, dead_letter: topics.dead_letter },
    partitions: { events: partitions },
  });
  await log.ensureTopics();
  const names = { ...DEFAULT_NAMES, key_prefix: keyPrefix };
  const { modeWhenEnabled } = DEFAULT_CONFIG.killSwitch;
  const store = new RedisKillStore({ url: redisUrl, names, modeWhenEnabled });
  return {
    ...{ brokers, redisUrl, topics, keyPrefix, groupId: name, config, log, store },
    flagged: () => flaggedIn(log, topics.audit),
    close: async () => {
      await store.close();
      await log.close();
    },
  };
}

/** Bounds on the automation are measured elsewhere; here they would only hide what was decided. */
const UNLIMITED = {
  stale_after: '1h',
  limits: {
    session_kills: { max: 1_000_000, per: '1m' },
    tenant_flips: { max: 1_000_000, per: '1m' },
    share_of_active_sessions: { max: 1, per: '1m', at_least: 1_000_000 },
  },
};

async function flaggedIn(log: EventLog, topic: string): Promise<ReadonlySet<string>> {
  const flagged = new Set<string>();
  await log.readAll(topic, ({ value }) => {
    const record = JSON.parse(Buffer.from(value ?? []).toString('utf8')) as AuditRecord;
    if (record.type !== 'alert.firing') return;
    flagged.add(flagText(record.rule!.name, record.tenant_id!, record.session_id ?? undefined));
  });
  return flagged;
}
