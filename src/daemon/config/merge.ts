import type { AutomationLimits, Bound } from '../../responder/settings.ts';
import { type Config, DEFAULT_CONFIG, DEFAULT_TOPICS, type KafkaConfig } from './config.ts';
import type { FileConfig } from './shape.ts';

/** Fills in every default. Which of Kafka and Redis may be left out is judged by `load`. */
export function mergeDefaults(file: FileConfig): Config {
  const kafka = file.kafka === 'embedded' ? undefined : file.kafka;
  const redis = file.redis === 'embedded' ? undefined : file.redis;
  return {
    kafka: kafka === undefined ? null : kafkaConfig(kafka),
    redis: redis === undefined ? null : { url: redis.url, keyPrefix: redis.key_prefix ?? '' },
    embedded: { dir: file.embedded?.dir ?? DEFAULT_CONFIG.embedded.dir },
    topics: { ...DEFAULT_TOPICS, ...said(kafka?.topics ?? {}) },
    partitionedBy: kafka?.partitioned_by ?? DEFAULT_CONFIG.partitionedBy,
    format: kafka?.format ?? DEFAULT_CONFIG.format,
    killSwitch: killSwitchConfig(file.kill_switch),
    tools: { ...DEFAULT_CONFIG.tools, ...said(file.tools ?? {}) },
    rules: { ...DEFAULT_CONFIG.rules, ...said(file.rules ?? {}) },
    responder: responderConfig(file.responder),
    sessionEndsAfterMs: file.session_ends_after ?? DEFAULT_CONFIG.sessionEndsAfterMs,
    http: { host: file.http?.host ?? DEFAULT_CONFIG.http.host, port: file.http?.port ?? DEFAULT_CONFIG.http.port },
    log: { ...DEFAULT_CONFIG.log, ...said(file.log ?? {}) },
  };
}

type Section<K extends keyof FileConfig> = Exclude<FileConfig[K], undefined | 'embedded'>;

function kafkaConfig(kafka: Section<'kafka'>): KafkaConfig {
  return {
    brokers: kafka.brokers,
    groupId: kafka.group_id ?? 'sentinel',
    ssl: kafka.ssl ?? false,
    sasl: kafka.sasl ?? null,
  };
}

function killSwitchConfig(file: FileConfig['kill_switch']): Config['killSwitch'] {
  const by = DEFAULT_CONFIG.killSwitch;
  return {
    globalFlag: file?.global_flag ?? by.globalFlag,
    perTenantFlagPrefix: file?.per_tenant_flag_prefix ?? by.perTenantFlagPrefix,
    perSessionFlagPrefix: file?.per_session_flag_prefix ?? by.perSessionFlagPrefix,
    disabledToolsKey: file?.disabled_tools_key ?? by.disabledToolsKey,
    modeWhenEnabled: file?.mode_when_enabled ?? by.modeWhenEnabled,
    cacheTtlS: file?.cache_ttl_s ?? by.cacheTtlS,
  };
}

function responderConfig(file: FileConfig['responder']): Config['responder'] {
  const by = DEFAULT_CONFIG.responder;
  return {
    simulate: file?.simulate ?? by.simulate,
    staleAfterMs: file?.stale_after ?? by.staleAfterMs,
    limits: limitsConfig(file?.limits),
    onLimit: file?.on_limit ?? by.onLimit,
  };
}

function limitsConfig(file: Section<'responder'>['limits']): AutomationLimits {
  const by = DEFAULT_CONFIG.responder.limits;
  const share = file?.share_of_active_sessions;
  return {
    sessionKills: boundOf(file?.session_kills, by.sessionKills),
    timeouts: boundOf(file?.timeouts, by.timeouts),
    tenantFlips: boundOf(file?.tenant_flips, by.tenantFlips),
    shareOfActiveSessions: {
      ...boundOf(share, by.shareOfActiveSessions),
      atLeast: share?.at_least ?? by.shareOfActiveSessions.atLeast,
    },
  };
}

function boundOf(file: { max: number; per: number } | undefined, fallback: Bound): Bound {
  return file === undefined ? { max: fallback.max, perMs: fallback.perMs } : { max: file.max, perMs: file.per };
}

/** Without the keys that are there but undefined, which would hide a default. */
function said<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
