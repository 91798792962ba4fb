import type { Logger } from 'pino';
import type { KillNames } from '../killswitch/keys.ts';
import type { CheckpointStore } from '../ports/checkpoint-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { KillStore } from '../ports/kill-store.ts';
import type { Config } from './config/config.ts';
import type { Ports } from './parts.ts';
import { readPemFiles } from './pem-files.ts';

export const SYSTEM_CLOCK: Clock = { now: () => Date.now() };

/** Opens everything that the configuration names; libraries are loaded only where they are used. Connects in the background. */
export async function openPorts(config: Config, logger: Logger, clock: Clock = SYSTEM_CLOCK): Promise<Ports> {
  const log = await openLog(config, logger, clock);
  return {
    log,
    store: await openKillStore(config, clock),
    checkpoints: await openCheckpoints(config, logger, clock),
    clock,
  };
}

export async function openLog(config: Config, logger: Logger, clock: Clock = SYSTEM_CLOCK): Promise<EventLog> {
  const { topics, kafka } = config;
  if (kafka === null) {
    const { openEmbeddedEventLog } = await import('../adapters/embedded/event-log.ts');
    return openEmbeddedEventLog({ dir: config.embedded.dir, topics, clock });
  }
  const { KafkaEventLog } = await import('../adapters/kafka/event-log.ts');
  return new KafkaEventLog({
    brokers: kafka.brokers,
    groupId: kafka.groupId,
    topics,
    clock,
    log: (level, message, detail) => logger[level](detail ?? {}, message),
    ssl: readPemFiles(kafka.ssl),
    ...(kafka.sasl === null ? {} : { sasl: kafka.sasl }),
  });
}

export async function openKillStore(config: Config, clock: Clock = SYSTEM_CLOCK): Promise<KillStore> {
  const { modeWhenEnabled } = config.killSwitch;
  const names = killNames(config);
  if (config.redis === null) {
    const { openEmbeddedKillStore } = await import('../adapters/embedded/kill-store.ts');
    return openEmbeddedKillStore({ dir: config.embedded.dir, names, modeWhenEnabled, clock });
  }
  const { RedisKillStore } = await import('../adapters/redis/kill-store.ts');
  return new RedisKillStore({ url: config.redis.url, names, modeWhenEnabled });
}

async function openCheckpoints(config: Config, logger: Logger, clock: Clock): Promise<CheckpointStore> {
  if (config.redis === null) {
    const { openEmbeddedCheckpointStore } = await import('../adapters/embedded/checkpoint-store.ts');
    return openEmbeddedCheckpointStore({ dir: config.embedded.dir, clock });
  }
  const { connectRedis } = await import('../adapters/redis/connect.ts');
  const { RedisCheckpointStore } = await import('../adapters/redis/checkpoint-store.ts');
  const { url, keyPrefix } = config.redis;
  return new RedisCheckpointStore(connectRedis(url, { keyPrefix }), keyPrefix, (message) => logger.warn(message));
}

export function killNames({ killSwitch, redis }: Config): KillNames {
  return {
    key_prefix: redis?.keyPrefix ?? '',
    global_flag: killSwitch.globalFlag,
    per_tenant_flag_prefix: killSwitch.perTenantFlagPrefix,
    per_session_flag_prefix: killSwitch.perSessionFlagPrefix,
    disabled_tools_key: killSwitch.disabledToolsKey,
  };
}
