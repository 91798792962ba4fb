import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KafkaEventLog } from '../../src/adapters/kafka/event-log.ts';
import { RedisKillStore } from '../../src/adapters/redis/kill-store.ts';
import type { AuditRecord } from '../../src/domain/audit-record.ts';
import { DEFAULT_NAMES } from '../../src/killswitch/keys.ts';
import type { EventLog, Topics } from '../../src/ports/event-log.ts';
import type { KillStore } from '../../src/ports/kill-store.ts';
import { kafkaBrokers, redisUrl, unique } from '../services/context.ts';

/** Topics, keys, rules and configuration that no other test shares, on the real Kafka and the real Redis. */
export interface Setting {
  readonly dir: string;
  readonly topics: Topics;
  /** Path of its `sentinel.yaml`. */
  readonly config: string;
  readonly rulesDir: string;
  readonly store: KillStore;
  readonly log: EventLog;
  readonly keyPrefix: string;
  /** Every audit record in the topic now. */
  audit(): Promise<AuditRecord[]>;
  dispose(): Promise<void>;
}

export interface SettingOptions {
  readonly rules: string;
  readonly partitions?: number;
  readonly redis?: string;
  readonly brokers?: readonly string[];
  /** Another way for the daemon to the same servers: what stands in its configuration under `kafka:`, and `redis.url`. */
  readonly ways?: { readonly kafka: Readonly<Record<string, unknown>>; readonly redis: string };
  /** More YAML for the configuration. */
  readonly more?: string;
}

export const UNLIMITED = `responder:
  stale_after: 1h
  limits:
    session_kills: {max: 100000, per: 1m}
    timeouts: {max: 100000, per: 1m}
    tenant_flips: {max: 100000, per: 1m}
    share_of_active_sessions: {max: 1, per: 1m, at_least: 100000}
`;

export async function createSetting(options: SettingOptions): Promise<Setting> {
  const { rules, partitions = 4, redis = redisUrl(), brokers = kafkaBrokers(), more = UNLIMITED } = options;
  const ways = options.ways ?? { kafka: { brokers }, redis };
  const name = unique('e2e');
  const dir = mkdtempSync(join(tmpdir(), 'sentinel-e2e-'));
  const topics: Topics = {
    events: `${name}.events`,
    audit: `${name}.audit`,
    kill_state: `${name}.kill-state`,
    dead_letter: `${name}.dead-letter`,
  };
  const keyPrefix = `${name}:`;
  const rulesDir = join(dir, 'rules.d');
  const config = join(dir, 'sentinel.yaml');
  mkdirSync(rulesDir);
  writeFileSync(join(rulesDir, 'rules.yaml'), rules);
  writeFileSync(config, configText({ ways, name, topics, keyPrefix, rulesDir }) + more);
  const log = new KafkaEventLog({
    brokers,
    groupId: `${name}-test`,
    topics,
    clock: { now: () => Date.now() },
    log: () => {},
    partitions: { events: partitions },
  });
  await log.ensureTopics();
  const store = new RedisKillStore({
    url: redis,
    names: { ...DEFAULT_NAMES, key_prefix: keyPrefix },
    modeWhenEnabled: 'disable_writes',
  });
  return {
    dir,
    topics,
    config,
    rulesDir,
    store,
    log,
    keyPrefix,
    audit: () => auditIn(log, topics.audit),
    dispose: async () => {
      await store.close();
      await log.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export async function auditIn(log: EventLog, topic: string): Promise<AuditRecord[]> {
  const records: AuditRecord[] = [];
  await log.readAll(topic, ({ value }) => {
    if (value !== null) records.push(JSON.parse(Buffer.from(value).toString('utf8')) as AuditRecord);
  });
  return records;
}

function configText(said: {
  ways: NonNullable<SettingOptions['ways']>;
  name: string;
  topics: Topics;
  keyPrefix: string;
  rulesDir: string;
}): string {
  return `kafka: ${JSON.stringify({ ...said.ways.kafka, group_id: said.name, topics: said.topics })}
redis: {url: "${said.ways.redis}", key_prefix: "${said.keyPrefix}"}
rules: {dir: "${said.rulesDir}"}
`;
}
